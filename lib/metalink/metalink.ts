/**
 * Parses Metalink 4 (RFC 5854) and 3. What is in another namespace is left out, as the RFC asks.
 *
 * @module
 */

import { markedEncoding } from "../http/text_encoding.ts";
import { MetalinkError } from "./metalink_error.ts";
import {
  childrenOf,
  type MetalinkFile,
  type MetalinkVersion,
  readFile,
  readPublisher,
} from "./metalink_file.ts";
import { parseXml, type XmlDocument } from "./xml_tree.ts";
import { groupBy, parseUrl } from "../stand_ins.ts";

/** A Metalink: files, each with its mirrors and hashes. */
export interface Metalink {
  /** The version of the format. */
  readonly version: MetalinkVersion;
  /** The program that wrote it. */
  readonly generator: string | undefined;
  /** The files, at least one of which has a URL. */
  readonly files: readonly MetalinkFile[];
}

/** Options of {@linkcode parseMetalink}. */
export interface ParseMetalinkOptions {
  /**
   * The URL from which the text came: relative URLs are relative to it, and it is no mirror of a file that the
   * text describes.
   */
  readonly url?: string | undefined;
}

/** Maximum number of files. */
const MAX_FILES = 10_000;

const NAMESPACE_4 = "urn:ietf:params:xml:ns:metalink";
const NAMESPACE_3 = "http://www.metalinker.org/";

/**
 * Parses a Metalink. Signatures are not verified, and no URL is requested.
 *
 * @example
 * ```ts
 * import { parseMetalink } from "@x/sphttp/metalink";
 * import { assertEquals } from "@std/assert";
 *
 * const { files } = parseMetalink(`<metalink xmlns="urn:ietf:params:xml:ns:metalink">
 *   <file name="film.mkv">
 *     <size>1000000</size>
 *     <url priority="2">https://two.example/film.mkv</url>
 *     <url priority="1" location="de">https://one.example/film.mkv</url>
 *   </file>
 * </metalink>`);
 * assertEquals(files[0]?.size, 1_000_000);
 * assertEquals(files[0]?.urls[0]?.url, "https://one.example/film.mkv");
 * ```
 *
 * @throws {MetalinkError} if the text is not a Metalink that can be used
 */
export function parseMetalink(text: string, options: ParseMetalinkOptions = {}): Metalink {
  const itself = parseUrl(options.url ?? "");
  if (itself !== null) itself.hash = "";
  const document = parseXml(text.replace(/^\ufeff/, ""), itself?.href);
  const { root } = document;
  const version = versionOf(document);
  const parents = version === 4 ? [root] : childrenOf(root, "files");
  const publisher = readPublisher(root, version);
  const elements = parents.flatMap((parent) => childrenOf(parent, "file"));
  if (elements.length > MAX_FILES) {
    throw new MetalinkError("size", `it lists ${elements.length} files, but may have ${MAX_FILES}`);
  }
  const files = elements.map((element) => {
    const file = readFile(element, version, itself?.href);
    // In version 3, it may be that of all files.
    return { ...file, publisher: file.publisher ?? publisher };
  });
  checkFiles(files);
  const generator = version === 4
    ? childrenOf(root, "generator")[0]?.text
    : root.attributes.get("generator");
  return { version, generator: generator || undefined, files };
}

function versionOf({ namespace, root }: XmlDocument): MetalinkVersion {
  if (root.name === "metalink") {
    if (namespace === NAMESPACE_4) return 4;
    // Some of version 3 have no namespace.
    const isOldest = namespace === "" && root.attributes.get("version")?.startsWith("3");
    if (namespace === NAMESPACE_3 || isOldest) return 3;
  }
  const where = namespace === "" ? "" : ` of the namespace ${namespace.slice(0, 200)}`;
  throw new MetalinkError(
    "root",
    `not a Metalink: the outermost element is ${root.name.slice(0, 200)}${where}`,
  );
}

function checkFiles(files: readonly MetalinkFile[]): void {
  if (files.length === 0) throw new MetalinkError("empty", "it lists no file");
  const names = new Set<string>();
  for (const { name } of files) {
    // Not all systems distinguish case.
    const folded = name.toLowerCase();
    if (names.has(folded)) throw new MetalinkError("name", `two files are called ${name}`);
    names.add(folded);
  }
  if (files.some(({ urls }) => urls.length > 0)) return;
  const counts = groupBy(files.flatMap(({ rejected }) => rejected), ({ why }) => why);
  const reasons = [...counts].map(([why, urls]) => `${urls.length} ${REASONS[why]}`);
  const others = reasons.length === 0 ? "" : `, but ${reasons.join(", ")}`;
  throw new MetalinkError("urls", `no http or https URL of a file${others}`);
}

const REASONS = {
  scheme: "of another scheme, like ftp",
  torrent: "of torrents",
  invalid: "that are no URLs",
  itself: "of the Metalink itself",
};

const LESS_THAN = "<".charCodeAt(0);
/** The encoding in an XML declaration. */
const ENCODING = /^<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([\w.-]{1,40})["']/;

/**
 * Decodes the bytes of a Metalink by their byte order mark, else as the XML declares, else as UTF-8. Follows
 * XML 1.0 appendix F as far as Metalinks use it.
 */
export function decodeMetalink(bytes: Uint8Array): string {
  const marked = markedEncoding(bytes);
  if (marked !== undefined) return new TextDecoder(marked).decode(bytes);
  // Without the mark, a zero shows where the first "<" is: in text of a byte for each character there is none.
  if (bytes[0] === 0 && bytes[1] === LESS_THAN) return new TextDecoder("utf-16be").decode(bytes);
  if (bytes[0] === LESS_THAN && bytes[1] === 0) return new TextDecoder("utf-16le").decode(bytes);
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 300));
  const [, label = "utf-8"] = ENCODING.exec(start) ?? [];
  try {
    return new TextDecoder(/^utf-?16/i.test(label) ? "utf-8" : label).decode(bytes);
  } catch (error) {
    // No decoder has this label.
    if (error instanceof RangeError) return new TextDecoder().decode(bytes);
    throw error;
  }
}
