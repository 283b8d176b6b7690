import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../../lib/cli/failure/exit_code.ts";
import { formatMetalink, type HashType } from "../../../../metalink.ts";
import {
  type Content,
  flippedContent,
  piecesOf,
  randomContent,
} from "../../../support/lab/content.ts";
import { withMirrors } from "../../../support/download.ts";
import { failCommand, shownBy } from "../../../support/cli/run_command.ts";
import { denoArguments } from "../../../support/programs/own_commands.ts";
import { type Workplace, workplace } from "../../../support/workplace.ts";

const SIZE = 1_500_000;
const LENGTH = 100_000;
const CONTENT = randomContent(SIZE, 3);
const BYTES = CONTENT.read(0, SIZE).slice();
/** One that flips a bit in each piece, and one that is so slow that the liar has to send some. */
const LIAR_AND_OTHER = [
  { content: flippedContent(CONTENT, Array.from({ length: 15 }, (_, piece) => piece * LENGTH)) },
  { content: CONTENT, bytesPerSecond: 1_000_000 },
];
/** Small blocks, so that all mirrors get something to do. */
const SMALL = ["--split-size", "50000"];

/** Writes a Metalink of the file with hashes of its pieces only; returns its path. */
function metalink(
  work: Workplace,
  urls: readonly string[],
  { size = SIZE, type = "sha-256", content = CONTENT }: {
    size?: number;
    type?: HashType;
    content?: Content;
  } = {},
): string {
  const { length, digests } = piecesOf(content, LENGTH, type);
  const pieces = { type, length, hashes: digests };
  const file = { name: "film", size, pieces, urls: urls.map((url) => ({ url })) };
  return work.write("film.meta4", formatMetalink([file]));
}

Deno.test("-M: a mirror that flips bits is named, and the file is right", async () => {
  using work = workplace();
  await withMirrors(LIAR_AND_OTHER, async (urls) => {
    const args = [...SMALL, "-M", metalink(work, urls), "-o", work.at("film")];
    const shown = await shownBy(args);
    assertEquals(work.read("film"), BYTES);
    assertStringIncludes(
      shown,
      `${urls[0]}: has another file: its bytes differ from those that are`,
    );
    assertEquals(work.names(), ["film", "film.meta4"]);
  });
});

Deno.test("-M: a piece that no mirror has right is an error; the pieces before it are kept, and continued", async () => {
  using work = workplace();
  const content = flippedContent(CONTENT, [850_000]);
  await withMirrors([{ content }, { content }], async (urls, mirrors) => {
    const args = [...SMALL, "-M", metalink(work, urls), "-o", work.at("film")];
    const error = await failCommand(args);
    assertEquals(error.exitCode, ExitCode.CHECKSUM);
    assertStringIncludes(
      error.message,
      "no mirror has piece 8 (bytes 800000-899999) as it is expected",
    );
    for (const url of urls) assertStringIncludes(error.message, url);
    const kept = work.read("film.part");
    assert(
      kept.length > 0 && kept.length <= 800_000 && kept.length % LENGTH === 0,
      `${kept.length}`,
    );
    assertEquals(kept, BYTES.subarray(0, kept.length));
    for (const mirror of mirrors) mirror.setContent(CONTENT);
    await shownBy([...args, "-C", "-"]);
    assertEquals(work.read("film"), BYTES);
  });
});

Deno.test("-M -C -: pieces of the part file that are right are kept, others are downloaded again", async () => {
  await withMirrors([{ content: CONTENT }], async (urls, [mirror]) => {
    const cases = [
      // Bytes that exist, one that is wrong, the first byte that is requested.
      [250_000, undefined, 200_000],
      [SIZE, undefined, 1_400_000],
      [1_000_000, 620_000, 600_000],
      [1_000_000, 5, 0],
      [50_000, undefined, 0],
    ] as const;
    for (const [existing, wrong, start] of cases) {
      using work = workplace();
      const part = BYTES.slice(0, existing);
      if (wrong !== undefined) part[wrong]! ^= 1;
      work.write("film.part", part);
      const before = mirror!.requests.length;
      const shown = await shownBy([
        ...SMALL,
        "-M",
        metalink(work, urls),
        "-C",
        "-",
        "-o",
        work.at("film"),
      ]);
      assertEquals(work.read("film"), BYTES, `${existing}`);
      const starts = mirror!.requests.slice(before).flatMap(({ range }) => range?.start ?? []);
      assertEquals(Math.min(...starts), start);
      const isNoted = shown.includes("are not proved by the digests of the pieces");
      assertEquals(isNoted, existing < SIZE && existing > start, shown);
    }
  });
});

Deno.test("-M: where pieces have no better hashes than MD5, these are used", async () => {
  using work = workplace();
  await withMirrors(LIAR_AND_OTHER, async (urls) => {
    const path = metalink(work, urls, { type: "md5" });
    const shown = await shownBy([...SMALL, "-v", "-M", path, "-o", work.at("film")]);
    assertEquals(work.read("film"), BYTES);
    assertStringIncludes(shown, `${urls[0]}: has another file`);
  });
});

Deno.test("-M: hashes of pieces are checked before anything is written", async () => {
  await withMirrors([{ content: CONTENT }], async (urls) => {
    using work = workplace();
    const path = metalink(work, urls);
    for (
      const [change, exitCode, message] of [
        [(text: string) => text.replace(`${SIZE}`, `${SIZE + LENGTH}`), ExitCode.USAGE, "pieces"],
        [(text: string) => text.replace(/(<hash>)../, "$1"), ExitCode.USAGE, "digits"],
      ] as const
    ) {
      const other = work.write("other.meta4", change(Deno.readTextFileSync(path)));
      const error = await failCommand(["-M", other, "-o", work.at("other")]);
      assertEquals(error.exitCode, exitCode);
      assertStringIncludes(error.message, message);
    }
    const error = await failCommand([
      "-M",
      path,
      "-o",
      work.at("other"),
      "--window",
      "150k",
      ...SMALL,
    ]);
    assertEquals(error.exitCode, ExitCode.USAGE);
    assertStringIncludes(
      error.message,
      "--window is 153600, but must be at least twice the length of the pieces",
    );
    assertEquals(work.names().filter((name) => name.startsWith("other")), ["other.meta4"]);
  });
});

Deno.test("-M -o -: a pipe sees no byte of a bad piece", async () => {
  using work = workplace();
  const places = Array.from({ length: 15 }, (_, piece) => piece * LENGTH + 7 * piece);
  const liar = { content: flippedContent(CONTENT, places) };
  await withMirrors([liar, { content: CONTENT }], async (urls) => {
    const { stdout, success } = await new Deno.Command(Deno.execPath(), {
      args: [...denoArguments("cli.ts"), ...SMALL, "-M", metalink(work, urls), "-o", "-"],
      stderr: "null",
    }).output();
    assertEquals(success, true);
    assert(BYTES.every((byte, index) => stdout[index] === byte) && stdout.length === SIZE);
  });
});
