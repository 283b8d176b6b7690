/**
 * The table of `docs/faults.md`, made from a run of the matrix. To write it: `deno task bench faults`.
 *
 * @module
 */

import { type Fault, POSITIONS, type Share } from "./fault.ts";
import {
  isExpected,
  LAST_RETRY,
  LIMIT,
  type Result,
  RETRY_TIMEOUTS,
  SHARE_NAMES,
  SHARES,
  TIMEOUTS_MS,
} from "./matrix.ts";

/** Path of the page, from the project's root. */
export const PAGE = "docs/faults.md";

const HEADINGS: Readonly<Record<Share, string>> = {
  alone: "alone",
  one: "1 of 3",
  "all but one": "2 of 3",
  all: "all 3",
};

/** Returns the page for the faults, from the results of a run. */
export function renderPage(faults: readonly Fault[], results: readonly Result[]): string {
  const rows = faults.map((fault) => [
    fault.name,
    fault.does,
    ...SHARE_NAMES.map((share) => outcomesOf(fault, share, results)),
    `${fault.limit ?? LIMIT} timeouts`,
    fault.reasons?.map((reason) => `\`${reason}\``).join(", ") ?? "",
  ]);
  const head = [
    "fault",
    "the mirror …",
    ...SHARE_NAMES.map((share) => HEADINGS[share]),
    "within",
    "reason",
  ];
  return `${INTRODUCTION}\n${table([head, ...rows])}\n`;
}

/** Returns what comes of a fault, for each position where they differ. */
function outcomesOf(fault: Fault, share: Share, results: readonly Result[]): string {
  const outcomes = POSITIONS.map((position) => {
    const result = results.find(({ cell }) =>
      cell.fault === fault && cell.share === share && cell.position === position &&
      cell.by === "library"
    );
    if (result === undefined || !isExpected(result)) return "?";
    return result.outcome === "file" ? "file" : "error";
  });
  return new Set(outcomes).size === 1 ? outcomes[0]! : outcomes.join(", ");
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const [head, ...others] = rows;
  return [line(head!), line(widths.map((width) => "-".repeat(width))), ...others.map(line)]
    .join("\n");
}

const mirrors = SHARES.all[0];

const INTRODUCTION = `# Faults

What comes of a download when mirrors fail. The table is made by a run over real sockets
(\`deno task bench faults\` writes it, and the tests hold it against another run): each fault at one byte
in the first, a middle and the last range of the file, of a mirror that is alone, and of one, two and
all of ${mirrors} mirrors, by the library and by the proxy.

- **file**: the right bytes. **error**: a \`MirrorError\` for each mirror, with the reason in the last
  column; never other bytes than the file's. Three outcomes are those of the first, a middle and the last
  range.
- Each outcome comes within the time in the column _within_: so many times the timeout (\`maxIdleMs\` and
  the others, here ${
  TIMEOUTS_MS[0]
} ms). With \`retry.maxTimeMs\`, here ${LAST_RETRY} timeouts, nothing is tried again after that
  time, and the last attempt may take another timeout.
- The proxy gets the file where the library does. Else it answers with a problem if it has not sent a byte
  yet: 404 where every mirror says so, 503 where every mirror says when to come back, 504 where every mirror
  kept it waiting, else 502. A body that it has begun is continued by further downloads for \`retryMaxMs\` (here ${RETRY_TIMEOUTS} timeout) and then breaks off, so
  that the client sees that it is not whole: that takes two downloads and this time.
- The fault stays: every response that should have the byte is wrong, however often it is asked for. A
  fault that passes costs a retry.
`;
