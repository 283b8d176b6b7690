/**
 * Draws the figures of the thesis from runs of each algorithm on its testbed, by the command and its own plots.
 *
 *     deno task bench algorithms --plots [DIR]
 *
 * @module
 */

import { DelayRequestAlgorithm } from "../../mod.ts";
import { spawnLab } from "../support/lab/spawn_lab.ts";
import { staticDelaysFor } from "../support/simulator/algorithms.ts";
import { TESTBED } from "../support/simulator/mirror.ts";
import { workplace } from "../support/workplace.ts";

const SIZE = 200_000_000;
const DEFAULT_FOLDER = "docs/figures";

/**
 * Returns the folder of `algorithms --plots [DIR]`, or `undefined` if these arguments are others.
 *
 * @throws {RangeError} if more follows
 */
export function parsePlotsArguments(args: readonly string[]): string | undefined {
  const [bench, flag, folder = DEFAULT_FOLDER, ...rest] = args;
  if (bench !== "algorithms" || flag !== "--plots") return undefined;
  if (rest.length > 0) throw new RangeError(`--plots takes one folder, not ${rest[0]} too`);
  return folder;
}

/** Writes one picture per algorithm to the folder, which is made if it is missing. */
export async function algorithmPlots(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const blocks = staticDelaysFor(TESTBED);
  for (const name of Object.values(DelayRequestAlgorithm)) {
    using place = workplace();
    await using lab = await spawnLab({ size: SIZE, mirrors: [...TESTBED] });
    const delays = name === "static"
      ? lab.urls.flatMap((url, index) => ["--static-delay", `${url}=${blocks[index]}`])
      : [];
    const trace = place.at("trace.ndjson");
    const picture = `${folder}/${name}.svg`;
    await sphttp(
      "-sS",
      "--delay",
      name,
      ...delays,
      "--trace",
      trace,
      "-o",
      "/dev/null",
      ...lab.urls,
    );
    await sphttp("analyze", trace, "--plot", picture);
    console.log(`Wrote ${picture}`);
  }
}

async function sphttp(...args: string[]): Promise<void> {
  const root = new URL("../../", import.meta.url).pathname;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", `--import-map=${root}import_map.npm.json`, `${root}cli.ts`, ...args],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
}
