/**
 * Some kinds again, with options that lead to other requests: a classic algorithm, which asks for block after block, four
 * connections, of which a server lets in one, and a limit on the rate.
 *
 * @module
 */

import { CHANGES, IDENTITY } from "./identity.ts";
import type { Kind } from "./kind.ts";
import { LIMITS } from "./limits.ts";
import { PARTS } from "./parts.ts";
import { STATUS_FOR_RANGE } from "./statuses.ts";

type Options = Pick<Kind, "options" | "flags">;

/** Returns the named kinds of a table with other options and `suffix` at their names. */
function again(
  kinds: readonly Kind[],
  names: readonly string[],
  suffix: string,
  options: Options,
): Kind[] {
  return names.map((name) => {
    const kind = kinds.find((one) => one.name === name);
    if (kind === undefined) throw new Error(`There is no kind ${name}`);
    return { ...kind, ...options, name: `${name}-${suffix}`, proxy: false };
  });
}

const CLASSIC: Options = {
  options: { delayRequest: "diff", splitSize: 30_000 },
  flags: ["--delay", "diff", "--split-size", "30000"],
};

const FOUR: Options = {
  options: { maxConnectionsPerMirror: 4 },
  flags: ["--max-connection-per-server", "4"],
};

const LIMITED: Options = { options: { maxRate: 1_000_000 }, flags: ["--limit-rate", "1M"] };

export const VARIANTS: readonly Kind[] = [
  ...again(
    [...IDENTITY, ...CHANGES, ...PARTS, ...STATUS_FOR_RANGE],
    [
      "if-range-200",
      "etag-by-machine",
      "etag-random",
      "date-now",
      "no-validators",
      "change",
      "change-same-etag",
      "change-silent",
      "part-lies",
      "capped-64k",
      "bounded-403",
      "range-416",
    ],
    "classic",
    CLASSIC,
  ),
  ...again(
    LIMITS,
    [
      "one-connection-reset",
      "one-connection-closed",
      "one-connection-refused",
      "one-connection-503",
      "one-time-link-410",
    ],
    "of-four",
    FOUR,
  ),
  ...again(
    LIMITS,
    ["one-time-link-403", "one-time-link-410", "one-time-link-whole"],
    "limited",
    LIMITED,
  ),
];
