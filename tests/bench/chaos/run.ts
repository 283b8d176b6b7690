/**
 * Runs a schedule over real sockets: the right bytes or a declared error come in time, and nothing stays open.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { Downloader, type DownloaderOptions, SphttpError } from "../../../mod.ts";
import { createHandler } from "../../../server.ts";
import { testCertificates } from "../../support/lab/certificates.ts";
import { type Content, otherContent, randomContent } from "../../support/lab/content.ts";
import { type LabMirror, startMirror } from "../../support/lab/mirror_lab.ts";
import { TlsFront } from "../../support/lab/tls_front.ts";
import type { ChaosAction, ChaosRead, Schedule } from "./schedule.ts";

/**
 * How a read ended. Where fewer than two honest mirrors have sent bytes, nobody can know which file is the right
 * one: the other file is then "misled". The last three are wrong: other bytes, an undeclared error, no end.
 */
export type ReadEnd =
  | "complete"
  | "left"
  | "failed"
  | "misled"
  | "wrong"
  | "undeclared"
  | "hang";

/** What came of a schedule. */
export interface ChaosResult {
  readonly schedule: Schedule;
  /** How each read ended. */
  readonly reads: readonly { end: ReadEnd; bytes: number; ms: number; error: string }[];
  /** Connections that mirrors had open after the end; of the proxy, those with a request. */
  readonly openConnections: number;
  readonly ms: number;
}

/** Time for connections to close after the end, in milliseconds. */
const CLOSING_MS = 5000;
const CLOSING_LOOK_MS = 20;

/** How long a request may be silent: while it connects, before its headers, and in its body. */
const SILENCE_MS = 1500;
/** From then on no retry begins. */
const RETRY_TIME_MS = 4000;
const OPTIONS: DownloaderOptions = {
  splitSize: 50_000,
  connectTimeoutMs: SILENCE_MS,
  headersTimeoutMs: SILENCE_MS,
  idleTimeoutMs: SILENCE_MS,
  maxIdleMs: SILENCE_MS,
  stallTimeoutMs: 300,
  retry: { attempts: 5, minDelayMs: 20, maxDelayMs: 200, maxTimeMs: RETRY_TIME_MS },
};
/** For how long the proxy begins anew. */
const RETRY_MAX_MS = 3000;

/**
 * A read hangs to which nothing comes for that long, in milliseconds: the proxy may begin its last download when its
 * time is over, and a download its last request; that request connects, awaits headers, and reads.
 */
export const WATCHDOG_MS = RETRY_MAX_MS + RETRY_TIME_MS + 3 * SILENCE_MS;
/** The watchdog looks so often. */
export const LOOK_MS = 100;

type Reading = ChaosResult["reads"][number];

/** Bytes that may be delivered, which are the file's or wholly another's. */
interface Files {
  readonly file: Content;
  readonly lie: Content;
  /** Whether the beginning of the lie is the file's: until it is found, some of it may have been delivered. */
  readonly isLate: boolean;
  /** Whether two honest mirrors have sent bytes: the other file is refused then. */
  readonly isOutvoted: () => boolean;
}

/** Runs a schedule. */
export async function runSchedule(schedule: Schedule): Promise<ChaosResult> {
  const startedAt = performance.now();
  await using stack = new AsyncDisposableStack();
  const file = randomContent(schedule.size, 16);
  const liesFrom = Math.min(...schedule.mirrors.map(({ liesFrom }) => liesFrom));
  const lie = liesFrom < schedule.size ? otherContent(file, liesFrom) : file;
  const mirrors: LabMirror[] = [];
  for (const { bytesPerSecond, redirects, liesFrom } of schedule.mirrors) {
    const redirect = redirects ? { redirect: schedule.tls ? "relative" : "absolute" } as const : {};
    const content = liesFrom < Infinity ? lie : file;
    mirrors.push(stack.use(await startMirror({ content, bytesPerSecond, ...redirect })));
  }
  // Where the lie begins, the others have to have shown bytes, too.
  const isShown = ({ requests }: LabMirror) =>
    requests.some(({ range, bytesSent }) =>
      bytesSent > 0 && (range?.start ?? 0) + bytesSent > liesFrom
    );
  const isHonest = (_: LabMirror, index: number) => schedule.mirrors[index]!.liesFrom === Infinity;
  const isOutvoted = () => mirrors.filter(isHonest).filter(isShown).length > 1;
  const files = { file, lie, isLate: liesFrom > 0 && liesFrom < schedule.size, isOutvoted };
  const reader = new Reader();
  const timers = schedule.events.map(({ atMs, action }) =>
    setTimeout(() => act(action, mirrors, reader), atMs)
  );
  const fronts = await Promise.all(
    schedule.tls ? mirrors.map(async (mirror) => stack.use(await TlsFront.start(mirror))) : [],
  );
  const urls = schedule.tls ? fronts.map(({ url }) => url) : mirrors.map(({ url }) => url);
  for (const [index, { isClosed }] of schedule.mirrors.entries()) {
    if (isClosed) await mirrors[index]!.close();
  }
  // With a certificate, a download does not share connections with others.
  const caCerts = schedule.shared ? undefined : [(await testCertificates()).caPem];
  const options = { ...OPTIONS, caCerts };
  const reads =
    await (schedule.by === "library"
      ? readByLibrary(urls, schedule.reads, files, reader, options)
      : readByProxy(urls, schedule.reads, files, reader, options));
  for (const timer of timers) clearTimeout(timer);
  // Connections of the library's own end with it; those that are shared are kept while they are idle, and so are
  // the proxy's: only requests must be over.
  const isKept = schedule.by === "proxy" || schedule.shared;
  const openConnections = await untilNone(() =>
    mirrors.reduce((sum, { openConnections, requests }) => {
      const live = requests.filter(({ ended }) => ended === undefined).length;
      return sum + (isKept ? live : openConnections);
    }, 0)
  );
  return { schedule, reads, openConnections, ms: performance.now() - startedAt };
}

function act(action: ChaosAction, mirrors: readonly LabMirror[], reader: Reader): void {
  switch (action.type) {
    case "go":
      mirrors[action.mirror]!.setFaults([{ kind: "refuse" }]);
      return mirrors[action.mirror]!.resetConnections();
    case "come back":
      return mirrors[action.mirror]!.setFaults([]);
    case "rate":
      return mirrors[action.mirror]!.setRate(action.bytesPerSecond);
    case "reset":
      return mirrors[action.mirror]!.resetConnections();
    case "fault":
      return mirrors[action.mirror]!.setFaults([action.fault]);
    case "pause":
      reader.pauseMs += action.ms;
      return;
    case "window":
      if (reader.downloader !== undefined) reader.downloader.windowSize = action.bytes;
      return;
    case "max rate":
      if (reader.downloader !== undefined) reader.downloader.maxRate = action.bytesPerSecond;
  }
}

/** What the schedule changes of a reader. */
class Reader {
  pauseMs = 0;
  downloader: Downloader | undefined;
}

async function readByLibrary(
  urls: readonly string[],
  reads: readonly ChaosRead[],
  files: Files,
  reader: Reader,
  options: DownloaderOptions,
): Promise<Reading[]> {
  const results: Reading[] = [];
  for (const read of reads) {
    const open = (signal: AbortSignal) => {
      reader.downloader = new Downloader(urls, { ...options, signal });
      return Promise.resolve(reader.downloader);
    };
    const isDeclared = (error: unknown) => error instanceof SphttpError;
    results.push(await watch(read, files, reader, open, isDeclared));
    await reader.downloader?.cancel();
  }
  return results;
}

async function readByProxy(
  urls: readonly string[],
  reads: readonly ChaosRead[],
  files: Files,
  reader: Reader,
  options: DownloaderOptions,
): Promise<Reading[]> {
  await using handler = createHandler({
    allowPrivate: true,
    download: options,
    retryMaxMs: RETRY_MAX_MS,
  });
  const listen = { port: 0, hostname: "127.0.0.1", onListen() {} };
  await using server = Deno.serve(listen, handler);
  using client = Deno.createHttpClient({});
  const query = urls.map((url) => `url=${encodeURIComponent(url)}`).join("&");
  const address = `http://127.0.0.1:${server.addr.port}/proxy?${query}`;
  const results: Reading[] = [];
  for (const read of reads) {
    const open = async (signal: AbortSignal) => {
      const headers = { range: `bytes=${read.start}-` };
      const response = await fetch(address, { client, headers, signal });
      if (response.status === 206) return response.body!;
      // Where no mirror is left that serves ranges, it is the whole file.
      if (response.status === 200) return behind(response.body!, read.start);
      const problem = await response.text();
      const isProblem = response.headers.get("content-type") === "application/problem+json";
      throw isProblem ? new TypeError(`${response.status}`) : new Error(problem);
    };
    // A body that breaks off is a TypeError, too.
    const isDeclared = (error: unknown) => error instanceof TypeError;
    results.push(await watch(read, files, reader, open, isDeclared));
  }
  return results;
}

/** Leaves out the first `bytes` of a body; its parts come all the same, as signs of life. */
async function* behind(body: AsyncIterable<Uint8Array>, bytes: number): AsyncIterable<Uint8Array> {
  for await (const part of body) {
    yield part.subarray(Math.min(bytes, part.byteLength));
    bytes = Math.max(0, bytes - part.byteLength);
  }
}

/**
 * Finds a read that hangs. Its time is counted in looks rather than read off a clock: on a busy machine they are
 * late, as everything of this process is, and a read that is slow is none that hangs. Every read ends: with a hang,
 * or with the bytes that calm it, which are no more than those of the file.
 */
export class Watchdog {
  #looks = 0;

  /** Looks, and reports whether nothing has come for too long. */
  look(): boolean {
    return ++this.#looks * LOOK_MS >= WATCHDOG_MS;
  }

  /** Says that something has come, or that nothing was asked for. */
  calm(): void {
    this.#looks = 0;
  }
}

/** Reads until the end, an error, or until the watchdog barks, and says which. */
async function watch(
  read: ChaosRead,
  files: Files,
  reader: Reader,
  open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>,
  isDeclared: (error: unknown) => boolean,
): Promise<Reading> {
  const startedAt = performance.now();
  const over = new AbortController();
  const barks = Promise.withResolvers<ReadEnd>();
  const watchdog = new Watchdog();
  const looks = setInterval(() => {
    if (!watchdog.look()) return;
    barks.resolve("hang");
    over.abort();
  }, LOOK_MS);
  let bytes = 0;
  let message = "";
  const work = async (): Promise<ReadEnd> => {
    let matches = [files.file, files.lie];
    let isMixed = false;
    const judged = (end: ReadEnd) => {
      if (matches.includes(files.file)) return end;
      return files.isOutvoted() ? "wrong" : "misled";
    };
    try {
      for await (const part of await open(over.signal)) {
        const from = read.start + bytes;
        const to = from + part.byteLength;
        if (to > files.file.size) return "wrong";
        matches = matches.filter((one) => isEqual(part, one.read(from, to)));
        bytes += part.byteLength;
        isMixed ||= matches.length === 0;
        if (isMixed && !(files.isLate && isOfEither(part, from, files))) return "wrong";
        if (bytes >= read.leaveAfter) return files.isLate ? "left" : judged("left");
        const { pauseMs } = reader;
        reader.pauseMs = 0;
        if (pauseMs > 0) await delay(pauseMs);
        watchdog.calm();
      }
    } catch (error) {
      message = String(error);
      // An error says that what was delivered is not the file.
      return isDeclared(error) ? files.isLate ? "failed" : judged("failed") : "undeclared";
    }
    if (read.start + bytes !== files.file.size) return "wrong";
    return judged("complete");
  };
  const end = await Promise.race([work(), barks.promise]);
  clearInterval(looks);
  over.abort();
  return { end, bytes, ms: performance.now() - startedAt, error: message };
}

/** Reports whether each byte is that of one of the files. */
function isOfEither(part: Uint8Array, from: number, { file, lie }: Files): boolean {
  const [one, other] = [file, lie].map((content) => content.read(from, from + part.byteLength));
  return part.every((byte, index) => byte === one![index] || byte === other![index]);
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.every((byte, index) => byte === other[index]);
}

/** Waits until nothing is open, for some time, and returns how much is. */
async function untilNone(open: () => number): Promise<number> {
  // Looks are counted, as those of the watchdog are.
  for (let looks = 0; open() > 0 && looks * CLOSING_LOOK_MS < CLOSING_MS; looks++) {
    await delay(CLOSING_LOOK_MS);
  }
  return open();
}

/** Returns what is wrong with a result, `undefined` if nothing is. */
export function problemOf({ schedule, reads, openConnections }: ChaosResult): string | undefined {
  const problems = reads.flatMap(({ end, bytes, ms, error }) =>
    end === "wrong" || end === "undeclared" || end === "hang"
      ? [`${end} after ${bytes} bytes and ${ms.toFixed()} ms ${error}`.trimEnd()]
      : []
  );
  if (openConnections > 0) problems.push(`${openConnections} connections are left`);
  return problems.length === 0 ? undefined : `seed ${schedule.seed}: ${problems.join("; ")}`;
}

/** Runs the schedules of some seeds, some at a time, each as soon as there is room. */
export async function runSchedules(
  schedules: readonly Schedule[],
  atOnce: number,
): Promise<ChaosResult[]> {
  const left = schedules.entries();
  const results: ChaosResult[] = [];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const [index, schedule] of left) results[index] = await runSchedule(schedule);
  }));
  return results;
}
