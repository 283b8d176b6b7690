/**
 * What digests cost, and what they bring: the speed of the command into a file with and without those of
 * the file and its pieces, and downloads from mirrors of which one flips bits.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type DescribedFile, formatMetalink } from "../../metalink.ts";
import { Downloader } from "../../mod.ts";
import { type Content, flippedContent, piecesOf, randomContent } from "../support/lab/content.ts";
import { startMirror } from "../support/lab/mirror_lab.ts";
import { sphttp } from "./own_command.ts";
import { withHoles } from "./served.ts";
import { median, runMeasured, table } from "./usage.ts";

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const RUNS = 5;
/** Of the file from a mirror that flips a bit in each of so many blocks, in bytes. */
const BLOCK = 64 * 1024;
const BLOCKS = 1000;
/** The lengths of pieces that are compared, in bytes. */
const LENGTHS = [256 * 1024, MIB, 4 * MIB];

/** Runs both benches. */
export async function heal(): Promise<void> {
  await hashing();
  await flips();
}

/** Measures the speed into a file with and without digests, from one nginx that plays three mirrors. */
async function hashing(): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await withHoles([GIB], async (urlsOf) => {
      const urls = urlsOf(GIB).map((url) => ({ url }));
      const commandOf = async (name: string, proofs: Pick<DescribedFile, "hashes" | "pieces">) => {
        const path = `${folder}/${name}.meta4`;
        const file = { name: "out", size: GIB, ...proofs, urls };
        await Deno.writeTextFile(path, formatMetalink([file]));
        return { name, runs: [] as number[], path };
      };
      const hashes = { "sha-256": hashOfZeros(GIB) };
      const rows = [await commandOf("no digest", {}), await commandOf("of the file", { hashes })];
      for (const length of LENGTHS) {
        const digests = Array<string>(GIB / length).fill(hashOfZeros(length));
        const pieces = { type: "sha-256", length, hashes: digests } as const;
        const name = `of pieces of ${length / MIB} MiB`;
        rows.push(await commandOf(name, { pieces }));
        rows.push(await commandOf(`${name} and the file`, { pieces, hashes }));
      }
      const file = `${folder}/out`;
      for (let run = 0; run <= RUNS; run++) {
        for (const { name, runs, path } of rows) {
          const { success, seconds } = await runMeasured([
            ...sphttp(),
            "-s",
            "-M",
            path,
            "-o",
            file,
          ]);
          if (!success) throw new Error(`${name}: the download failed`);
          await Deno.remove(file);
          // The first round warms up caches.
          if (run > 0) runs.push(seconds);
        }
      }
      const base = rows[0]!.runs;
      console.log(`\n1 GiB into a file by a Metalink, medians of ${RUNS} runs in turns\n`);
      console.log(table([
        ["digests", "MB/s", "of none"],
        ...rows.map(({ name, runs }) => [
          name,
          (GIB / 1e6 / median(runs)).toFixed(0),
          median(runs.map((seconds, index) => base[index]! / seconds)).toFixed(2),
        ]),
      ]));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns the SHA-256 of so many zeros, in multiples of 256 KiB. */
function hashOfZeros(length: number): string {
  const hash = createHash("sha256");
  const zeros = new Uint8Array(256 * 1024);
  for (let at = 0; at < length; at += zeros.length) hash.update(zeros);
  return hash.digest("hex");
}

/** Downloads from three mirrors of which one flips a bit in each of a thousand blocks, or in one of them. */
async function flips(): Promise<void> {
  const size = BLOCKS * BLOCK;
  const content = randomContent(size);
  const everywhere = Array.from({ length: BLOCKS }, (_, block) => block * BLOCK + (block % BLOCK));
  const once = [everywhere[BLOCKS >> 1]!];
  const rows = [[
    "one mirror of three flips a bit",
    "bad pieces",
    "fetched twice besides",
    "ms",
  ]];
  // Without a liar, what is fetched twice is what mirrors take over from one another.
  const cases = [["nowhere", []], ["in one block", once], ["in each block", everywhere]] as const;
  for (const [where, places] of cases) {
    for (const length of LENGTHS) {
      rows.push([
        `${where}, pieces of ${length / MIB} MiB`,
        ...await flip(content, places, length),
      ]);
    }
  }
  console.log(`\n${(size / 1e6).toFixed(1)} MB from three mirrors, each file is right\n`);
  console.log(table(rows));
}

async function flip(
  content: Content,
  places: readonly number[],
  length: number,
): Promise<string[]> {
  await using stack = new AsyncDisposableStack();
  const files = [flippedContent(content, places), content, content];
  const options = { bytesPerSecond: 40_000_000, roundTripMs: 5 };
  const mirrors = await Promise.all(files.map((content) => startMirror({ ...options, content })));
  for (const mirror of mirrors) stack.use(mirror);
  const urls = mirrors.map(({ url }) => url);
  const expectedPieces = piecesOf(content, length);
  const startedAt = performance.now();
  const download = new Downloader(urls, { expectedPieces, expectedSize: content.size });
  const hash = createHash("sha256");
  for await (const part of download) hash.update(part);
  if (hash.digest("hex") !== content.sha256()) throw new Error("the file is wrong");
  const ms = performance.now() - startedAt;
  const { mirrors: stats, wastedBytes } = download.stats();
  const [liar, ...others] = stats.map(({ badPieces }) => badPieces);
  if (others.some((count) => count > 0)) throw new Error("a mirror was blamed for another one");
  const isNamed = liar === 0 || stats[0]!.state === "dropped";
  if (!isNamed) throw new Error("the liar was not dropped");
  const twice = Math.max(0, wastedBytes - liar! * length);
  return [`${liar}`, `${(100 * twice / content.size).toFixed(2)} %`, ms.toFixed(0)];
}
