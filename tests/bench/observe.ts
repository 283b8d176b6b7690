/**
 * Runs a command and observes its output: the arrival of bytes on stdout, their hash, and the used
 * processor time. Reading and hashing takes about a twentieth of a processor at 200 Mbit/s.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { ArrivalLog, type Point } from "./arrival_log.ts";

/** Options of {@linkcode observe}. */
export interface ObserveOptions {
  /** The command is killed after this many seconds. */
  readonly timeoutSeconds: number;
  /** The file that it writes. @default it writes to stdout */
  readonly file?: string | undefined;
}

/** The result of {@linkcode observe}. */
export interface Observation {
  /** `endless`: it was killed after the timeout. */
  readonly outcome: "complete" | "failed" | "endless";
  /** Running time, in seconds. */
  readonly seconds: number;
  /** User and system time, in seconds. */
  readonly cpuSeconds: number;
  readonly bytes: number;
  /** SHA-256 of the output, in hexadecimal. */
  readonly sha256: string;
  /** Arrivals on stdout; none if it writes a file. */
  readonly arrivals: readonly Point[];
  /** Its stderr. */
  readonly messages: string;
  /** The use of the processors during the run. */
  readonly processors: ProcessorShares;
}

/** Shares of processor time, from 0 to 1: without idle time, figures are not valid. */
export interface ProcessorShares {
  /** Idle time. */
  readonly idle: number;
  /** Time that the host of a virtual machine took. */
  readonly stolen: number;
}

/** `timeout` stops the command; `times` prints the time of the shell, then that of its children. */
const SCRIPT =
  'limit=$1; shift; timeout --foreground -k 1 "$limit" "$@"; code=$?; times >&2; exit $code';
/** Exit codes of `timeout` after it terminated or killed the command. */
const TIMED_OUT = [124, 137];
/** Processor time on Linux. */
const PROCESSORS = "/proc/stat";
const BUFFER_BYTES = 1 << 20;

/** Runs a command to its end. */
export async function observe(
  command: readonly string[],
  { timeoutSeconds, file }: ObserveOptions,
): Promise<Observation> {
  const before = Deno.readTextFileSync(PROCESSORS);
  const startedAt = performance.now();
  const child = new Deno.Command("sh", {
    args: ["-c", SCRIPT, "sh", String(timeoutSeconds), ...command],
    stdin: "null",
    stdout: file === undefined ? "piped" : "null",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  const elapsed = () => (performance.now() - startedAt) / 1000;
  const seen = file === undefined ? await drain(child.stdout, elapsed) : undefined;
  const { code } = await child.status;
  const seconds = elapsed();
  const processors = processorShares(before, Deno.readTextFileSync(PROCESSORS));
  const { bytes, sha256, arrivals } = seen ?? await drainFile(file!);
  const { cpuSeconds, messages } = parseTimes(await stderr);
  return {
    outcome: TIMED_OUT.includes(code) ? "endless" : code === 0 ? "complete" : "failed",
    seconds,
    cpuSeconds,
    bytes,
    sha256,
    arrivals,
    messages,
    processors,
  };
}

/** What was read of an output. */
export type Drained = Pick<Observation, "bytes" | "sha256" | "arrivals">;

/** Reads and hashes a stream; `elapsed` returns the seconds at which bytes arrive. */
export async function drain(
  stream: ReadableStream<Uint8Array>,
  elapsed: () => number,
): Promise<Drained> {
  const reader = stream.getReader({ mode: "byob" });
  const hash = createHash("sha256");
  const log = new ArrivalLog();
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(buffer));
    if (done) break;
    log.add(elapsed(), value.byteLength);
    hash.update(value);
    buffer = value.buffer;
  }
  return { bytes: log.bytes, sha256: hash.digest("hex"), arrivals: log.points };
}

/** Hashes a file; a missing file counts as empty. */
export async function drainFile(path: string): Promise<Drained> {
  try {
    using file = await Deno.open(path);
    return { ...await drain(file.readable, () => 0), arrivals: [] };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { bytes: 0, sha256: "", arrivals: [] };
  }
}

/** Splits stderr into messages and, on the last line, the user and system time of the children. */
export function parseTimes(stderr: string): { cpuSeconds: number; messages: string } {
  const lines = stderr.trimEnd().split("\n");
  const times = [...(lines.at(-1) ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  const cpuSeconds = times.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
  return { cpuSeconds, messages: lines.slice(0, -2).join("\n") };
}

/** Returns the shares between two readings of `/proc/stat`; see proc(5). */
export function processorShares(before: string, after: string): ProcessorShares {
  const ticks = (text: string) => text.split("\n", 1)[0]!.split(/ +/).slice(1, 9).map(Number);
  const from = ticks(before);
  const spent = ticks(after).map((count, index) => count - from[index]!);
  const whole = spent.reduce((sum, count) => sum + count, 0) || 1;
  // user, nice, system, idle, iowait, irq, softirq, steal
  return { idle: (spent[3]! + spent[4]!) / whole, stolen: spent[7]! / whole };
}
