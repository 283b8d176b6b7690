/**
 * Runs one command in a lab of its own, and observes what it delivers: when, which bytes, and over which
 * packets.
 *
 * @module
 */

import type { Point } from "../bench/arrival_log.ts";
import { drain, drainFile } from "../bench/observe.ts";
import { sendSignal } from "../support/programs/send_signal.ts";
import { openClock } from "./monotonic_clock.ts";

/** Options of {@linkcode runInLab}. */
export interface LabRunOptions {
  /** Path of the lab's program. */
  readonly program: string;
  /** The arguments of the lab: links, servers, options. */
  readonly lab: readonly string[];
  /** The command, its program first. */
  readonly command: readonly string[];
  /** The file that the command writes. @default it writes to stdout */
  readonly file?: string | undefined;
  /** More variables of the environment. @default {} */
  readonly env?: Record<string, string>;
  /** The command is terminated after this many seconds. */
  readonly timeoutSeconds: number;
}

/** The result of {@linkcode runInLab}. */
export interface LabRun {
  /** `endless`: the command was terminated after the timeout. */
  readonly outcome: "complete" | "failed" | "endless";
  /** From the start of the command to the end of its output, or its exit if it writes a file. */
  readonly seconds: number;
  readonly bytes: number;
  /** SHA-256 of the output, in hexadecimal. */
  readonly sha256: string;
  /** Arrivals on stdout, in seconds since the start of the command; none if it writes a file. */
  readonly arrivals: readonly Point[];
  /** What the command, the servers and the lab wrote to stderr. */
  readonly messages: string;
  readonly statistics: LabStatistics;
}

/** What the lab reports of a run; times in `…_ns` are of CLOCK_MONOTONIC. */
export interface LabStatistics {
  readonly links: readonly LinkStatistics[];
  /** The shared access link. */
  readonly access?: {
    readonly drops: number;
    readonly queue: number;
    readonly peak: number;
    readonly busy: number;
  };
  readonly start_ns: number;
  readonly first_syn_ns: number;
  readonly end_ns: number;
  /** From the first to the last data on any link. */
  readonly active_s: number;
  /** Lateness of deliveries; `over_1` is the share of those over 1 ms. */
  readonly lag_ms: { readonly mean: number; readonly max: number; readonly over_1: number };
  /** Packets lost by the devices themselves: must be 0. */
  readonly device_drops: number;
  /** User and system time, in seconds. */
  readonly cpu_s: { readonly lab: number; readonly servers: number; readonly command: number };
  /** Exit code of the command. */
  readonly exit: number;
}

/** What the lab reports of one link. */
export interface LinkStatistics {
  readonly link: number;
  /** What reached the client: IP bytes, TCP payload in bytes, packets. */
  readonly bytes: number;
  readonly payload: number;
  readonly packets: number;
  /** Packets lost in the full queue, at random, and while the link was down. */
  readonly drops: { readonly queue: number; readonly loss: number; readonly down: number };
  /** Size of the queue and its peak, in bytes. */
  readonly queue: number;
  readonly peak: number;
  readonly syns: number;
  readonly connections: number;
  readonly up_packets: number;
  /** Part of the active time in which the link was sending. */
  readonly busy: number;
}

/**
 * Runs a command in a new lab.
 *
 * @throws {Error} if the lab itself fails; the message has what it said
 */
export async function runInLab(options: LabRunOptions): Promise<LabRun> {
  const { program, lab, command, file, env = {}, timeoutSeconds } = options;
  const folder = await Deno.makeTempDir({ prefix: "sphttp-lab-" });
  using clock = openClock();
  const child = new Deno.Command(program, {
    args: [...lab, "--with-parent", "--stats", `${folder}/stats.json`, "--", ...command],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isEndless = false;
  const timer = setTimeout(() => {
    isEndless = true;
    sendSignal(child, "SIGTERM");
  }, timeoutSeconds * 1000);
  try {
    const stderr = new Response(child.stderr).text();
    const stdout = await drain(child.stdout, () => clock.seconds());
    const endOfOutput = clock.seconds();
    const { code } = await child.status;
    const messages = await stderr;
    const text = await Deno.readTextFile(`${folder}/stats.json`).catch(() => "");
    if (text === "") throw new Error(`the lab failed with exit code ${code}: ${messages.trim()}`);
    const statistics: LabStatistics = JSON.parse(text);
    const start = statistics.start_ns / 1e9;
    const end = file === undefined ? endOfOutput : statistics.end_ns / 1e9;
    const { bytes, sha256 } = file === undefined ? stdout : await drainFile(file);
    return {
      outcome: isEndless ? "endless" : statistics.exit === 0 ? "complete" : "failed",
      seconds: end - start,
      bytes,
      sha256,
      arrivals: file !== undefined
        ? []
        : stdout.arrivals.map(({ seconds, value }) => ({ seconds: seconds - start, value })),
      messages,
      statistics,
    };
  } finally {
    clearTimeout(timer);
    await Deno.remove(folder, { recursive: true });
  }
}
