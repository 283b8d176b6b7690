/**
 * Runs one command and watches what it gives: when bytes come out of its stdout, whether they are
 * the right ones, and what it costs. It reads into one buffer, hashes, and keeps a record of the
 * times; that takes about a twentieth of a processor at 200 Mbit/s.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { ArrivalLog, type Point } from "./arrival_log.ts";

/** How to watch. */
export interface ObserveOptions {
  /** It is ended after that long, in seconds. */
  readonly timeoutSeconds: number;
  /** The file that it writes. @default stdout is what counts */
  readonly file?: string | undefined;
}

/** What was seen. */
export interface Observation {
  /** `endless`: it had to be ended. */
  readonly outcome: "complete" | "failed" | "endless";
  /** From its start to its end. */
  readonly seconds: number;
  /** User and system time, in seconds. */
  readonly cpuSeconds: number;
  readonly bytes: number;
  /** Of what it gave, in hex. */
  readonly sha256: string;
  /** When bytes came out of stdout; none for a command that writes a file. */
  readonly arrivals: readonly Point[];
  /** What it said on stderr. */
  readonly messages: string;
  /** What the processors did meanwhile. */
  readonly processors: ProcessorShares;
}

/** Parts of the processors' time, from 0 to 1: without idle time, all figures are spoiled. */
export interface ProcessorShares {
  /** They had nothing to do. */
  readonly idle: number;
  /** The host of a virtual machine used them for something else. */
  readonly stolen: number;
}

/** `timeout` ends the command, then kills it; `times` tells the shell's own time, then its children's. */
const SCRIPT =
  'limit=$1; shift; timeout --foreground -k 1 "$limit" "$@"; code=$?; times >&2; exit $code';
/** What `timeout` says when it had to end the command, or to kill it. */
const TIMED_OUT = [124, 137];
/** Linux counts there what the processors did so far. */
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

type Drained = Pick<Observation, "bytes" | "sha256" | "arrivals">;

async function drain(stream: ReadableStream<Uint8Array>, elapsed: () => number): Promise<Drained> {
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

/** A file that is not there counts as empty. */
async function drainFile(path: string): Promise<Drained> {
  try {
    using file = await Deno.open(path);
    return { ...await drain(file.readable, () => 0), arrivals: [] };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { bytes: 0, sha256: "", arrivals: [] };
  }
}

/** The last line of stderr is the time of the shell's children: user and system. */
export function parseTimes(stderr: string): { cpuSeconds: number; messages: string } {
  const lines = stderr.trimEnd().split("\n");
  const times = [...(lines.at(-1) ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  const cpuSeconds = times.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
  return { cpuSeconds, messages: lines.slice(0, -2).join("\n") };
}

/** What the processors did between two readings of `/proc/stat`; see proc(5). */
export function processorShares(before: string, after: string): ProcessorShares {
  const ticks = (text: string) => text.split("\n", 1)[0]!.split(/ +/).slice(1, 9).map(Number);
  const from = ticks(before);
  const spent = ticks(after).map((count, index) => count - from[index]!);
  const whole = spent.reduce((sum, count) => sum + count, 0) || 1;
  // user, nice, system, idle, iowait, irq, softirq, steal
  return { idle: (spent[3]! + spent[4]!) / whole, stolen: spent[7]! / whole };
}
