/**
 * The text of `--help`, made from the table of flags. It fits 80 columns.
 *
 * @module
 */

import { type Flag, FLAG_GROUPS } from "./flags.ts";

/** Column in which the words about a flag begin. */
const COLUMN = 37;

/** The whole help. */
export function helpText(version: string): string {
  const groups = Object.entries(FLAG_GROUPS).map(([title, flags]) =>
    [`${title}:`, ...flags.map(flagLine)].join("\n")
  );
  return `sphttp ${version}: one file from many HTTP mirrors at once, in order
Usage: sphttp [options] URL...    (all URLs are mirrors of the same file)
${groups.join("\n")}
SIZE is a number of bytes; K, M and G stand for 1024, 1024^2 and 1024^3.
Examples:
  sphttp https://a.example/f.iso https://b.example/f.iso
  sphttp -o - https://a.example/f.tar https://b.example/f.tar | tar x
  sphttp -C - -o f.iso --checksum sha-256=HEX https://a.example/f.iso
Exit codes: 0 complete, 2 usage, 3 URL, 6 host name, 7 connect, 18 cut short,
  22 HTTP status, 23 write, 28 timeout, 32 checksum, 33 range, 35 TLS,
  36 cannot continue, 47 redirects, 56 receive or mirrors that differ,
  60 certificate, 130 Ctrl-C
`;
}

function flagLine({ name, short, value, help }: Flag): string {
  const dashes = short === undefined ? "    " : `-${short}, `;
  const usage = `  ${dashes}--${name}${value === undefined ? "" : ` ${value}`}`;
  return `${usage.padEnd(COLUMN - 1)}${help}`;
}
