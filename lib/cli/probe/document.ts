/**
 * The results of `sphttp probe` as one JSON document, for programs.
 *
 * @module
 */

import type { AssessedMirror, Verdict } from "./assessment.ts";

/**
 * The output of `sphttp probe --json`. Later versions of sphttp may add fields; `version` is increased
 * if a field changes its meaning. Unknown values are `null`. URLs have no credentials.
 */
export interface ProbeDocument {
  /** The version of the format. */
  readonly version: 1;
  /** The version of sphttp. */
  readonly sphttp: string;
  /** The number of usable mirrors, including slow ones. */
  readonly usable: number;
  /** The mirrors, the fastest first. */
  readonly mirrors: readonly ProbedMirror[];
}

/** One mirror. */
export interface ProbedMirror {
  readonly url: string;
  /** `use`: worth using; `slow`: usable, but would contribute little; `skip`: not usable. */
  readonly verdict: Verdict;
  /** The reason for the verdict, as text. */
  readonly reason: string | null;
  /** The HTTP status of the first response, after redirects. */
  readonly status: number | null;
  /** Whether ranges are supported; `null` if there was no usable response. */
  readonly ranges: boolean | null;
  /** The size of the file in bytes. */
  readonly size: number | null;
  /** The `ETag` header. */
  readonly etag: string | null;
  /** The `Last-Modified` header. */
  readonly lastModified: string | null;
  /** Whether samples of the file agree with those of most mirrors. */
  readonly sameFile: boolean | null;
  /** `HTTP/1.1` or `HTTP/2`, if known: with TLS, only if a flag selects it. */
  readonly protocol: string | null;
  /** The number of redirects that were followed. */
  readonly redirects: number;
  /** The host of the final response. */
  readonly finalHost: string | null;
  /** Milliseconds from the first request to its response, with connecting and redirects. */
  readonly firstAnswerMs: number | null;
  /** Milliseconds to the headers of a small range on an open connection; median of three. */
  readonly latencyMs: number | null;
  /** The rate of one request in bytes per second. */
  readonly bytesPerSecond: number | null;
  /** The share of the rate of all usable mirrors, from 0 to 1. */
  readonly share: number | null;
}

/** Returns the document for mirrors that were judged. */
export function probeDocument(
  mirrors: readonly AssessedMirror[],
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

/** Returns the protocol if it is certain: `fetch` does not report it. */
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
