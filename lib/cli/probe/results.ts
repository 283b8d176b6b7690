/**
 * Formats the results of `sphttp probe`: as one JSON document for programs, and as a table with a line
 * per mirror, which has the reason at its end if it fits, and below the table otherwise. Pure.
 *
 * @module
 */

import { fit, printable, textWidth, truncate } from "../../command_line/terminal_text.ts";
import type { ProofLevel } from "../../../mod.ts";
import { type AssessedMirror, probedProof, type Verdict } from "./assessment.ts";
import type { ProbedFile } from "./probed_metalink.ts";
import { formatBytes, formatRate } from "../report/text.ts";
import { mirrorLabels } from "../report/progress_view.ts";

/**
 * The output of `sphttp probe --json`. Later versions of sphttp may add fields; `version` is increased
 * if a field changes its meaning. Unknown values are `null`. URLs have no credentials.
 */
export interface ProbeDocument {
  readonly version: 1;
  readonly sphttp: string;
  /** The number of usable mirrors, including slow ones. */
  readonly usable: number;
  /**
   * What would prove the bytes of a download of these mirrors: `pieces` of a Metalink, `digest` of the whole
   * file, `tags`, `bytes` or `size`, as for `--require-proof`; `null` if none is usable.
   */
  readonly proof: ProofLevel | null;
  /** What the Metalink says of the file, if the mirrors are those of one. */
  readonly metalink: ProbedMetalink | null;
  /** The mirrors, the fastest first. */
  readonly mirrors: readonly ProbedMirror[];
}

/** What a Metalink says of a file. */
export interface ProbedMetalink {
  readonly name: string;
  readonly size: number | null;
  /** The type of the digest by which a download verifies the whole file. */
  readonly hash: string | null;
  /** The digests of pieces that a download uses: their type, the length of a piece, and how many there are. */
  readonly pieces: {
    readonly type: string;
    readonly length: number;
    readonly count: number;
  } | null;
}

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
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** Whether responses had different ETags. */
  readonly etagVaries: boolean | null;
  /** The Content-Encoding with which the file is stored. */
  readonly encoding: string | null;
  /** How it was asked after it had refused `bytes=N-M`: `open` is `bytes=N-`, `plain` without a range. */
  readonly rangeForm: "open" | "plain" | null;
  /** Whether the first bytes are those of an HTML page. */
  readonly isPage: boolean | null;
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

/** Returns the document for assessed mirrors. */
export function probeDocument(
  mirrors: readonly AssessedMirror[],
  { sphttp, http }: { readonly sphttp: string; readonly http: "auto" | "http1" | "http2" },
  file?: ProbedFile,
): ProbeDocument {
  return {
    version: 1,
    sphttp,
    usable: mirrors.filter(({ verdict }) => verdict !== "skip").length,
    proof: probedProof(mirrors, file) ?? null,
    metalink: file === undefined ? null : metalinkOf(file),
    mirrors: mirrors.map(({ measurement, verdict, reason, share, sameFile }): ProbedMirror => {
      const { url, status, head, ranges, size, etag, lastModified } = measurement;
      const { etagVaries, encoding, rangeForm, isPage } = measurement;
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
        etagVaries: etagVaries ?? null,
        encoding: encoding ?? null,
        rangeForm: rangeForm ?? null,
        isPage: isPage ?? null,
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

function metalinkOf({ name, size, hash, pieces }: ProbedFile): ProbedMetalink {
  const counted = pieces &&
    { type: pieces.algorithm, length: pieces.length, count: pieces.digests.length };
  return { name, size: size ?? null, hash: hash ?? null, pieces: counted ?? null };
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

const GAP = "  ";

const LEAST_NAME = 8;

const TITLES = ["mirror", "verdict", "ranges", "size", "latency", "rate"] as const;
/** Widths of the cells after the name; figures are aligned to the right. */
const WIDTHS = [7, 6, 8, 7, 10] as const;
const FIGURES = 2;

/**
 * Returns the lines of the table, at most `width` columns wide; `Infinity` for a pipe. `file` is what a
 * Metalink says of the file.
 */
export function probeTable(
  mirrors: readonly AssessedMirror[],
  width: number,
  file?: ProbedFile,
): string[] {
  const labels = mirrorLabels(mirrors.map(({ measurement }) => measurement)).map(printable);
  const reasons = mirrors.map(({ reason }) => printable(reason ?? ""));
  const others = WIDTHS.reduce((sum, columns) => sum + GAP.length + columns, 0);
  const longest = Math.max(TITLES[0].length, ...labels.map(textWidth));
  const room = Math.max(LEAST_NAME, Math.min(longest, width - others));
  const rows = [
    row(TITLES[0], TITLES.slice(1), room),
    ...mirrors.map((mirror, index) => row(labels[index]!, cells(mirror), room)),
  ];
  const proof = probedProof(mirrors, file);
  const summary = [
    summaryOf(mirrors),
    ...file === undefined ? [] : [fileText(file)],
    ...proof === undefined ? [] : [`proof of a download: "${proof}" (${PROOFS[proof]})`],
  ];
  const inline = rows.map((line, index) =>
    index === 0 ? line : `${line}${GAP}${reasons[index - 1]}`.trimEnd()
  );
  if (room === longest && inline.every((line) => textWidth(line) <= width)) {
    return [...inline, "", ...summary];
  }
  const below = mirrors.flatMap((_, index) =>
    reasons[index] === "" ? [] : wrapped(`${labels[index]}: ${reasons[index]}`, width)
  );
  const end = summary.flatMap((line) => wrapped(line, width));
  return [...rows.map((line) => truncate(line, width)), "", ...end, ...below];
}

/** Says what a Metalink has of a file, in a line. */
function fileText({ name, size, hash, pieces }: ProbedFile): string {
  const facts = [
    size === undefined ? "no size" : formatBytes(size),
    hash === undefined ? "no digest of the whole file" : `${hash} of the whole file`,
    pieces === undefined
      ? "no digests of pieces that can be used"
      : `${pieces.algorithm} of ${pieces.digests.length} pieces of ${pieces.length} bytes`,
  ];
  return printable(`the Metalink has of ${name}: ${facts.join(", ")}`);
}

/** What each level of proof stands for. */
const PROOFS: Readonly<Record<ProofLevel, string>> = {
  pieces: "a digest of each piece",
  digest: "a digest of the whole file",
  tags: "the same strong ETag, and compared bytes",
  bytes: "the same size, and compared bytes",
  size: "no more than the size, if that is known",
};

function summaryOf(mirrors: readonly AssessedMirror[]): string {
  const worth = mirrors.filter(({ verdict }) => verdict === "use").length;
  if (worth === 0) return "no mirror is worth using";
  if (mirrors.length === 1) return "the mirror is worth using";
  return `${worth} of ${mirrors.length} mirrors ${worth === 1 ? "is" : "are"} worth using`;
}

function row(label: string, cells: readonly string[], room: number): string {
  const fitted = cells.map((cell, index) => {
    const columns = WIDTHS[index]!;
    return index < FIGURES ? fit(cell, columns) : cell.padStart(columns);
  });
  return [fit(label, room), ...fitted].join(GAP);
}

function cells({ measurement, verdict }: AssessedMirror): string[] {
  const { head, ranges, size, latencyMs, bytesPerSecond } = measurement;
  const known = <T>(value: T | undefined, text: (value: T) => string) =>
    value === undefined ? "–" : text(value);
  return [
    verdict,
    head === undefined ? "–" : ranges ? "yes" : "no",
    known(size, formatBytes),
    known(latencyMs, formatLatency),
    known(bytesPerSecond, formatRate),
  ];
}

function formatLatency(milliseconds: number): string {
  return milliseconds < 9.95 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

/** Wraps a text into lines of at most `width` columns; all but the first are indented. */
function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    const longer = line === "" ? word : `${line} ${word}`;
    if (textWidth(longer) <= width || line.trim() === "") lines[lines.length - 1] = longer;
    else lines.push(`  ${word}`);
  }
  return lines.map((line) => truncate(line, width));
}
