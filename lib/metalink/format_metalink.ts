/**
 * Writes Metalink 4 (RFC 5854).
 *
 * @module
 */

import { HASH_TYPES, type Hashes } from "../http/hashes.ts";
import type { MetalinkPieces } from "./hashes.ts";
import type { MetalinkUrl } from "./metalink_file.ts";
import { toWellFormed } from "../stand_ins.ts";

/** A file to describe. */
export interface DescribedFile {
  /** The name; relative, with folders separated by `/`. */
  readonly name: string;
  /** The size in bytes. */
  readonly size?: number | undefined;
  /** Hashes of the whole file, in hexadecimal. */
  readonly hashes?: Hashes | undefined;
  /** Hashes of its pieces. */
  readonly pieces?: MetalinkPieces | undefined;
  /** Where it is: URLs, with a priority if it is not their order. */
  readonly urls: readonly (Pick<MetalinkUrl, "url"> & Partial<MetalinkUrl>)[];
}

/**
 * Returns a Metalink of files, which {@linkcode parseMetalink} reads.
 *
 * @example
 * ```ts
 * import { formatMetalink, parseMetalink } from "@x/sphttp/metalink";
 * import { assertEquals } from "@std/assert";
 *
 * const urls = [{ url: "https://one.example/a" }, { url: "https://two.example/a" }];
 * const { files } = parseMetalink(formatMetalink([{ name: "a", size: 5, urls }]));
 * assertEquals(files[0]?.urls.map(({ priority }) => priority), [1, 2]);
 * ```
 */
export function formatMetalink(files: readonly DescribedFile[], generator?: string): string {
  const lines = [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<metalink xmlns="urn:ietf:params:xml:ns:metalink">`,
    ...generator === undefined ? [] : [`  <generator>${escape(generator)}</generator>`],
    ...files.flatMap(fileLines),
    "</metalink>",
  ];
  return `${lines.join("\n")}\n`;
}

function fileLines({ name, size, hashes = {}, pieces, urls }: DescribedFile): string[] {
  const types = HASH_TYPES.filter((type) => hashes[type] !== undefined);
  return [
    `  <file name="${escape(name)}">`,
    ...size === undefined ? [] : [`    <size>${size}</size>`],
    ...types.map((type) => `    <hash type="${type}">${hashes[type]}</hash>`),
    ...pieces === undefined ? [] : [
      `    <pieces length="${pieces.length}" type="${pieces.type}">`,
      ...pieces.hashes.map((hash) => `      <hash>${hash}</hash>`),
      "    </pieces>",
    ],
    ...urls.map(({ url, priority, location }, index) => {
      const country = location === undefined ? "" : ` location="${escape(location)}"`;
      return `    <url priority="${priority ?? index + 1}"${country}>${escape(url)}</url>`;
    }),
    "  </file>",
  ];
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** Escapes text for an element or an attribute; what XML cannot have becomes U+FFFD. */
function escape(text: string): string {
  return toWellFormed(text)
    // deno-lint-ignore no-control-regex
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"]/g, (character) => ESCAPES[character]!)
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
