/**
 * Downloads that are killed and resumed again and again, by SIGKILL at random moments of a process of the
 * command. After every kill, what is left is checked, and so is every file that becomes complete.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { randomContent } from "../lab/content.ts";
import { type LabMirror, startMirror } from "../lab/mirror_lab.ts";
import { denoArguments } from "../programs/own_commands.ts";
import { sendSignal } from "../programs/send_signal.ts";
import { mulberry32 } from "../random.ts";
import { type Workplace, workplace } from "../workplace.ts";
import { checkRemains, NAMES, type Remains } from "./remains.ts";

const ETAG = '"1"';
/** Bytes that a process may hold or have requested, beyond those in the part file. */
const WINDOW = 1_000_000;

/**
 * When a process is killed: some time after its start, a few events of its directory later, after some more
 * bytes, or when the part file has all bytes.
 */
export type Moment =
  | { readonly after: "start"; readonly ms: number }
  | { readonly after: "events"; readonly count: number }
  | { readonly after: "bytes"; readonly count: number }
  | { readonly after: "all bytes"; readonly ms: number };

/** Options of {@linkcode killDownloads}. */
export interface KillOptions {
  readonly seed: number;
  /** Number of processes to kill. */
  readonly kills: number;
  /** Size of the file. */
  readonly size: number;
  /** Of each of the two mirrors. */
  readonly bytesPerSecond: number;
  /** Returns the moment of the next kill. */
  moment(random: () => number): Moment;
}

/** What {@linkcode killDownloads} found. */
export interface KillReport {
  /** How often a kill left each stage. */
  readonly stages: ReadonlyMap<string, number>;
  /** How many kills came while a file was being replaced. */
  readonly replacing: number;
  /** How many files became complete. */
  readonly complete: number;
  /** Bytes that a killed process had been sent beyond those that it added to the part file: the mean, and most. */
  readonly lost: { readonly mean: number; readonly most: number };
}

/** Most bytes that are fetched again after a kill: those of the window, and those on the connections. */
export const MOST_LOST = 3 * WINDOW;
/** Most bytes that are compared with a mirror of which no record says that it has those of the part file. */
const COMPARED = 8 * 1024 * 1024;

/** Downloads a file from two mirrors, killing the process as often as asked; throws if anything is wrong. */
export async function killDownloads(options: KillOptions): Promise<KillReport> {
  const { seed, kills, size, bytesPerSecond } = options;
  const random = mulberry32(seed);
  const content = randomContent(size, seed);
  using place = workplace();
  await using one = await startMirror({ content, bytesPerSecond, etag: ETAG });
  await using two = await startMirror({ content, bytesPerSecond, etag: ETAG });
  const mirrors = [one, two];
  const stages = new Map<string, number>();
  const lost: number[] = [];
  let [killed, replacing, complete] = [0, 0, 0];
  let before = NOTHING;
  while (killed < kills || before.stage !== "nothing") {
    // In the end, without a kill, so that the last one is resumed, too.
    const moment = killed < kills ? options.moment(random) : undefined;
    // Not always the same mirrors: one that is new has no place in what is known.
    const some = random() < 0.3 ? [mirrors[Math.floor(random() * 2)]!] : mirrors;
    const sentBefore = sentBy(mirrors);
    const { signal, code, stderr } = await goOn(place, some, content.size, moment);
    const said = new TextDecoder().decode(stderr);
    const where = `kill ${killed} of seed ${seed}, ${JSON.stringify(moment)} from ${named(before)}`;
    let left: Remains;
    try {
      left = checkRemains(place, content, ETAG);
      assert(left.bytes >= before.bytes, `${before.bytes} bytes became ${left.bytes}`);
      if (signal === null) assertEquals([code, left.stage], [0, "the file"], said);
    } catch (error) {
      throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
    }
    if (signal !== null) {
      assertEquals(signal, "SIGKILL", said);
      killed++;
      const stage = named(left);
      stages.set(stage, (stages.get(stage) ?? 0) + 1);
      if (left.replacing) replacing++;
      const again = sentBy(mirrors) - sentBefore - (left.bytes - before.bytes);
      lost.push(again);
      // Each mirror of which no record says that it has the file is compared.
      const unknown = some.filter(({ url }) => !before.mirrors.includes(url));
      const compared = unknown.length * Math.min(COMPARED, before.bytes);
      assert(again <= MOST_LOST + compared, `${where}: ${again} bytes are fetched again`);
    }
    if (left.stage === "the file") {
      complete++;
      for (const name of place.names()) Deno.removeSync(place.at(name));
      left = NOTHING;
    }
    before = left;
  }
  const mean = lost.reduce((sum, bytes) => sum + bytes, 0) / lost.length;
  return { stages, replacing, complete, lost: { mean, most: Math.max(...lost) } };
}

/** Names what was left. */
function named({ stage, bytes, recorded }: Remains): string {
  if (stage === "the file" || bytes === 0) return stage;
  return recorded ? stage : `${stage}, no record`;
}

const NOTHING: Remains = {
  ...{ stage: "nothing", bytes: 0 },
  ...{ recorded: false, mirrors: [], replacing: false },
};

function sentBy(mirrors: readonly LabMirror[]): number {
  return mirrors.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
}

/** Runs the command with whatever is there, and kills it at a moment; resolves to what it ended with. */
async function goOn(
  place: Workplace,
  mirrors: readonly LabMirror[],
  size: number,
  moment: Moment | undefined,
): Promise<Deno.CommandOutput> {
  const watcher = moment === undefined ? undefined : Deno.watchFs(place.path);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...denoArguments("cli.ts"),
      ...["-s", "-S", "-C", "-", "-o", NAMES.file, "--split-size=100000", `--window=${WINDOW}`],
      ...["--etag-save", NAMES.etag, "--trace", NAMES.trace],
      ...["--server-stat-of", NAMES.book, "--server-stat-if", NAMES.book],
      ...mirrors.map(({ url }) => url),
    ],
    ...{ cwd: place.path, stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
  // Without events, the watcher ends with the process.
  const ended = child.output().finally(() => watcher?.close());
  if (moment === undefined || watcher === undefined) return await ended;
  await until(moment, watcher, place, size);
  sendSignal(child, "SIGKILL");
  return await ended;
}

/** Resolves at a moment, or when the process ends before it. */
async function until(
  moment: Moment,
  watcher: Deno.FsWatcher,
  place: Workplace,
  size: number,
): Promise<void> {
  const part = place.at(`${NAMES.file}.part`);
  const before = sizeOf(part);
  let events = 0;
  const isNow = () => {
    if (moment.after === "bytes") return sizeOf(part) > before + moment.count;
    if (moment.after === "all bytes") return sizeOf(part) === size;
    return events >= (moment.after === "events" ? moment.count : 0);
  };
  if (!isNow()) {
    for await (const _ of watcher) {
      events++;
      if (isNow()) break;
    }
  }
  if ("ms" in moment) await delay(moment.ms);
}

/** Length of a file; 0 if it does not exist. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
