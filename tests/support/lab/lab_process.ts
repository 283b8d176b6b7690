/**
 * The process of {@linkcode spawnLab}: several mirrors of one file.
 *
 *     deno run -A tests/support/lab/lab_process.ts '{"size": 1e8, "mirrors": [{"bytesPerSecond": 1e6}]}'
 *
 * Prints one line of JSON, `{ urls, sha256? }`, when they listen, and ends when its stdin is closed. Answers each line
 * `report` on stdin with one line of JSON, a {@linkcode LabReport} for each mirror.
 *
 * @module
 */

import { randomContent } from "./content.ts";
import { type LabMirror, type MirrorOptions, startMirror } from "./mirror_lab.ts";

/** Options of a lab. */
export interface LabSpec {
  /** File size, in bytes. */
  size: number;
  /** Seed of the content. @default 1 */
  seed?: number;
  /** Whether to print the SHA-256, which takes about a second for 2 GB. @default false */
  sha256?: boolean;
  /** Options of {@linkcode startMirror} for each mirror, as far as JSON can hold them. */
  mirrors: Omit<MirrorOptions, "content" | "lastModified">[];
}

/** Counters of one mirror. */
export interface LabReport {
  /** Received requests. */
  requests: number;
  /** Accepted connections. */
  connections: number;
  /** Bytes of bodies written to sockets. */
  bytesSent: number;
}

/** Runs a lab until stdin is closed. */
async function main(spec: LabSpec): Promise<void> {
  const content = randomContent(spec.size, spec.seed);
  const mirrors = await Promise.all(
    // Measurements need a link that is as even as a real one.
    spec.mirrors.map((options) => startMirror({ quantumMs: 1, ...options, content })),
  );
  const sha256 = spec.sha256 ? content.sha256() : undefined;
  console.log(JSON.stringify({ urls: mirrors.map(({ url }) => url), sha256 }));
  let text = "";
  for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (text + part).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      if (line.trim() === "report") console.log(JSON.stringify(mirrors.map(reportOf)));
    }
  }
  await Promise.all(mirrors.map((mirror) => mirror.close()));
}

function reportOf(mirror: LabMirror): LabReport {
  return {
    requests: mirror.requests.length,
    connections: mirror.connectionsAccepted,
    bytesSent: mirror.bytesSent,
  };
}

if (import.meta.main) await main(JSON.parse(Deno.args[0] ?? ""));
