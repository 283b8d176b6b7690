/**
 * Downloads whose disk loses its power at every step of the way, and what resuming makes of what is left.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { PartFile } from "../../../lib/cli/part/part_file.ts";
import type { CommandError } from "../../../lib/command_line/command_error.ts";
import { facts, fileTarget, partWorkplace } from "../cli/part_workplace.ts";
import { tryCommand } from "../cli/run_command.ts";
import { type Content, otherContent, randomContent } from "../lab/content.ts";
import { startMirror } from "../lab/mirror_lab.ts";
import { mulberry32 } from "../random.ts";
import { workplace } from "../workplace.ts";
import { type DiskLog, recordDisk } from "./disk_log.ts";
import { afterPowerFailure } from "./power_failure.ts";

const SIZE = 2_300_000;
const ETAG = '"1"';
/** Bytes that are written at once. */
const CHUNK = 100_000;

/** What is in the directory when the download begins. */
const SCENARIOS = ["nothing", "another file", "a part of another file", "a part"] as const;

/** What {@linkcode failDisks} found. */
export interface FailedDisks {
  readonly states: number;
  /** How many had the file under its name. */
  readonly complete: number;
  /** How many had bytes that were continued. */
  readonly continued: number;
}

/** Resumes from `states` random states of the disk; throws if one does not end with the right file. */
export async function failDisks(
  { seed, states }: { readonly seed: number; readonly states: number },
): Promise<FailedDisks> {
  const random = mulberry32(seed);
  const content = randomContent(SIZE, seed);
  await using mirror = await startMirror({ content, etag: ETAG });
  let [done, complete, continued] = [0, 0, 0];
  while (done < states) {
    const scenario = SCENARIOS[done % SCENARIOS.length]!;
    const log = await recorded(scenario, content, mirror.url, random);
    const each = Math.ceil(states / SCENARIOS.length / 4);
    for (let turn = 0; turn < each && done < states; turn++, done++) {
      const before = Math.floor(random() * (log.steps.length + 1));
      const files = afterPowerFailure(log, before, random);
      const where = `seed ${seed}, state ${done}, ${scenario}, before step ${before}: ` +
        `${JSON.stringify([...files].map(([name, { byteLength }]) => [name, byteLength]))}`;
      using place = workplace();
      for (const [name, bytes] of files) place.write(name, bytes);
      try {
        const named = files.get("f");
        if (named !== undefined && !isEqual(named, content)) {
          // The file that is replaced, until the new one is complete.
          assert(
            scenario === "another file" && isEqual(named, otherContent(content)),
            "a wrong file",
          );
          Deno.removeSync(place.at("f"));
        } else if (named !== undefined) complete++;
        const part = files.get("f.part");
        if (scenario === "a part of another file" && part !== undefined) {
          if (isBeginning(part, otherContent(content)) && part.byteLength > 0) {
            // Nothing of it had been replaced: it is not continued.
            const { error } = await tryCommand(["-C", "-", "-o", place.at("f"), mirror.url]);
            assertEquals(error?.exitCode, ExitCode.RESUME);
            continue;
          }
        }
        using _disk = recordDisk(place);
        const { shown, error } = await tryCommand(["-C", "-", "-o", place.at("f"), mirror.url]);
        if (error !== undefined) throw error;
        if (shown.includes("resuming")) continued++;
        assert(isEqual(place.read("f"), content), `wrong bytes; ${shown}`);
        assertEquals(place.names().filter((name) => !name.endsWith(".json")), ["f"]);
      } catch (error) {
        throw new Error(`${where}: ${(error as CommandError).message}`, { cause: error });
      }
    }
  }
  return { states, complete, continued };
}

/** Downloads a file, and returns what was done to the disk. */
async function recorded(
  scenario: typeof SCENARIOS[number],
  content: Content,
  url: string,
  random: () => number,
): Promise<DiskLog> {
  using place = partWorkplace();
  const known = facts(content.size, ETAG, url);
  const download = async (content: Content, size: number, options: { resume: boolean }) => {
    using part = await PartFile.open(await fileTarget(place), options);
    if (part.existing.length > 0) await part.existing.verify({ start: 0 });
    part.begin(known);
    for (let at = part.existing.length; at < size; at += CHUNK) {
      await part.write(content.read(at, Math.min(at + CHUNK, size)));
    }
    if (size === content.size) await part.complete();
    else await part.settle();
  };
  using _clock = quickClock();
  using _disk = recordDisk(place);
  const other = otherContent(content);
  const half = Math.floor(random() * content.size);
  if (scenario === "another file") place.write("f", other.read(0, other.size));
  if (scenario === "a part of another file") await download(other, half, { resume: false });
  if (scenario === "a part") await download(content, half, { resume: false });
  using log = recordDisk(place);
  await download(content, content.size, { resume: scenario === "a part" });
  return log;
}

/** Lets more time pass than does, so that the record is brought up to date more often. */
function quickClock(): Disposable {
  const { now } = performance;
  let ahead = 0;
  performance.now = () => now.call(performance) + (ahead += 300);
  return { [Symbol.dispose]: () => void (performance.now = now) };
}

function isEqual(bytes: Uint8Array, content: Content): boolean {
  return bytes.byteLength === content.size && isBeginning(bytes, content);
}

function isBeginning(bytes: Uint8Array, content: Content): boolean {
  const expected = content.read(0, Math.min(bytes.byteLength, content.size));
  return bytes.every((byte, index) => byte === expected[index]);
}
