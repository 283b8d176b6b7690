/**
 * What was found of mirrors as one JSON document, for programs.
 *
 * @module
 */

import type { JudgedMirror, Verdict } from "./judgement.ts";

/**
 * What `sphttp probe --json` prints. Later versions of sphttp may add fields; where one changes its
 * meaning, `version` goes up. What is not known is `null`. URLs carry no credentials.
 */
export interface ProbeDocument {
  /** Version of the format. */
  readonly version: 1;
  /** Version of sphttp. */
  readonly sphttp: string;
  /** How many mirrors can be used, slow ones too. */
  readonly usable: number;
  /** The mirrors, the fastest first. */
  readonly mirrors: readonly ProbedMirror[];
}

/** One mirror. */
export interface ProbedMirror {
  /** Its URL. */
  readonly url: string;
  /** `use`: worth using; `slow`: would work, but hardly help; `skip`: of no use. */
  readonly verdict: Verdict;
  /** Why, in words. */
  readonly reason: string | null;
  /** HTTP status of its first answer, redirects followed. */
  readonly status: number | null;
  /** Whether it answers ranges; `null` where it gave no usable answer. */
  readonly ranges: boolean | null;
  /** Size of the file in bytes. */
  readonly size: number | null;
  /** Its entity tag as it came. */
  readonly etag: string | null;
  /** Its date of last modification as it came. */
  readonly lastModified: string | null;
  /** Whether samples of the file are those of the majority. */
  readonly sameFile: boolean | null;
  /** `HTTP/1.1` or `HTTP/2`, where that is certain: over TLS only if a flag asks for it. */
  readonly protocol: string | null;
  /** How many redirects were followed. */
  readonly redirects: number;
  /** Host that answered in the end. */
  readonly finalHost: string | null;
  /** Milliseconds from the first request to its answer, connecting and redirects included. */
  readonly firstAnswerMs: number | null;
  /** Milliseconds to the headers of a small range over an open connection; the median of three. */
  readonly latencyMs: number | null;
  /** Bytes per second that one request brought. */
  readonly bytesPerSecond: number | null;
  /** Share of what all usable mirrors bring together, from 0 to 1. */
  readonly share: number | null;
}

/** Makes the document. */
export function probeDocument(
  mirrors: readonly JudgedMirror[],
  { sphttp, http }: { readonly sphttp: string; readonly http: "auto" | "http1" | "http2" },
): ProbeDocument {
  return {
    version: 1,
    sphttp,
    usable: mirrors.filter(({ verdict }) => verdict !== "skip").length,
    mirrors: mirrors.map(({ measurement, verdict, reason, share, sameFile }): ProbedMirror => {
      const { url, status, head, ranges, size, etag, lastModified } = measurement;
      const { redirects, finalOrigin, firstAnswerMs, latencyMs, bytesPerSecond } = measurement;
      return {
        url,
        verdict,
        reason: reason ?? null,
        status: status ?? null,
        ranges: head === undefined ? null : ranges,
        size: size ?? null,
        etag: etag ?? null,
        lastModified: lastModified ?? null,
        sameFile: sameFile ?? null,
        protocol: protocolOf(finalOrigin, http),
        redirects,
        finalHost: finalOrigin === undefined ? null : new URL(finalOrigin).host,
        firstAnswerMs: rounded(firstAnswerMs, 10),
        latencyMs: rounded(latencyMs, 10),
        bytesPerSecond: rounded(bytesPerSecond, 1),
        share: rounded(share, 10_000),
      };
    }),
  };
}

/** `fetch` does not tell what was spoken: without TLS and where a flag leaves no choice, it is known. */
function protocolOf(
  origin: string | undefined,
  http: "auto" | "http1" | "http2",
): string | null {
  if (origin === undefined) return null;
  if (http === "http2") return "HTTP/2";
  return http === "http1" || origin.startsWith("http:") ? "HTTP/1.1" : null;
}

function rounded(value: number | undefined, steps: number): number | null {
  return value === undefined ? null : Math.round(value * steps) / steps;
}
