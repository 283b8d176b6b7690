/**
 * Reads a file of a Metalink, of version 3 or 4: what it is called, how to prove it, and where it is.
 *
 * @module
 */

import { LAST_PRIORITY, parseCountry, parsePriority } from "../http/duplicates.ts";
import { parseWholeNumber } from "../http/field_value.ts";
import { portableFileName } from "../http/name/file_name.ts";
import type { Hashes } from "../http/hashes.ts";
import { type MetalinkPieces, readHashes, readPieces } from "./hashes.ts";
import { MetalinkError } from "./metalink_error.ts";
import type { XmlElement } from "./xml_tree.ts";
import { parseUrl } from "../stand_ins.ts";

/** A URL of a file. */
export interface MetalinkUrl {
  /** The URL, http or https. */
  readonly url: string;
  /** Lower is better, from 1 to 999999, which is that of URLs without one. */
  readonly priority: number;
  /** The country of the server, as two lower-case letters. */
  readonly location: string | undefined;
  /** How many connections the server allows at most (version 3). */
  readonly maxConnections: number | undefined;
}

/** A URL that is not used. */
export interface RejectedUrl {
  /** The URL as written. */
  readonly url: string;
  /** Why: another scheme, a torrent, not a URL, or the Metalink itself. */
  readonly why: "scheme" | "torrent" | "invalid" | "itself";
}

/** The publisher of a file. */
export interface MetalinkPublisher {
  /** The name of a person or group. */
  readonly name: string | undefined;
  /** Their page. */
  readonly url: string | undefined;
}

/** A signature of a file, which is not verified here. */
export interface MetalinkSignature {
  /** The media type, like `application/pgp-signature`; in version 3 a word, like `pgp`. */
  readonly type: string;
  /** The signature, often armored. */
  readonly text: string;
}

/** A file of a Metalink. */
export interface MetalinkFile {
  /**
   * The name, perhaps with folders, separated by `/`. It is made safe: relative, without `..`, and with
   * nothing that a system reserves.
   */
  readonly name: string;
  /** The size in bytes, if it is given. */
  readonly size: number | undefined;
  /** The hashes of the whole file. */
  readonly hashes: Hashes;
  /** The hashes of its pieces, of the strongest type. */
  readonly pieces: MetalinkPieces | undefined;
  /** Its URLs, the best priority first; empty if only other files have any that can be used. */
  readonly urls: readonly MetalinkUrl[];
  /** URLs that are not used. */
  readonly rejected: readonly RejectedUrl[];
  /** How many connections are allowed in all (version 3). */
  readonly maxConnections: number | undefined;
  /** The version of the file's content. */
  readonly version: string | undefined;
  /** A description of the file. */
  readonly description: string | undefined;
  /** The publisher. */
  readonly publisher: MetalinkPublisher | undefined;
  /** A signature, if there is one. */
  readonly signature: MetalinkSignature | undefined;
}

/** The version of the format. */
export type MetalinkVersion = 3 | 4;

/** Maximum number of characters of a name with its folders. */
const MAX_NAME = 1024;
/** The best preference of version 3. */
const MAX_PREFERENCE = 100;
/** Maximum number of URLs that are not used and still listed. */
const MAX_REJECTED = 100;

/** Reads a `file` element. `itself` is the URL of the Metalink, which is no URL of a file. */
export function readFile(
  file: XmlElement,
  version: MetalinkVersion,
  itself: string | undefined,
): MetalinkFile {
  const name = readName(file);
  const size = readSize(file, name);
  const proofs = version === 4 ? [file] : childrenOf(file, "verification");
  const places = version === 4 ? [file] : childrenOf(file, "resources");
  const all = (parents: readonly XmlElement[], child: string) =>
    parents.flatMap((parent) => childrenOf(parent, child));
  const signature = all(proofs, "signature")[0];
  return {
    name,
    size,
    hashes: readHashes(all(proofs, "hash"), name),
    pieces: readPieces(all(proofs, "pieces"), size, name),
    ...readUrls(all(places, "url"), version, itself),
    maxConnections: connectionsOf(places[0]),
    version: textOf(file, "version"),
    description: textOf(file, "description"),
    publisher: readPublisher(file, version),
    signature: signature && readSignature(signature),
  };
}

/** Returns the children of an element by name. */
export function childrenOf(parent: XmlElement, name: string): XmlElement[] {
  return parent.children.filter((child) => child.name === name);
}

/** Returns the text of an element's child, `undefined` if there is none. */
function textOf(parent: XmlElement, name: string): string | undefined {
  return childrenOf(parent, name)[0]?.text || undefined;
}

function readName({ attributes, line }: XmlElement): string {
  const name = attributes.get("name") ?? "";
  if (name.trim() === "") throw new MetalinkError("name", "a file has no name", line);
  if (name.length > MAX_NAME) {
    throw new MetalinkError("name", `a name has ${name.length} characters`, line);
  }
  const segments = name.split(/[/\\]/);
  // RFC 5854 section 4.1.2.1. A backslash separates folders on Windows.
  const leads = segments.some((segment) => /^\.{0,2}$/.test(segment.trim())) ||
    /^(?:~|[a-z]:)/i.test(name.trim());
  if (leads) {
    const shown = JSON.stringify(name.slice(0, 200));
    throw new MetalinkError("name", `the name ${shown} leads out of the folder`, line);
  }
  return segments.map(portableFileName).join("/");
}

function readSize(file: XmlElement, name: string): number | undefined {
  const text = textOf(file, "size");
  if (text === undefined) return undefined;
  const size = parseWholeNumber(text);
  if (size !== undefined) return size;
  const shown = JSON.stringify(text.slice(0, 40));
  throw new MetalinkError("file-size", `the size of ${name} is ${shown}`, file.line);
}

function readUrls(
  elements: readonly XmlElement[],
  version: MetalinkVersion,
  itself: string | undefined,
): Pick<MetalinkFile, "urls" | "rejected"> {
  const urls = new Map<string, MetalinkUrl>();
  const rejected: RejectedUrl[] = [];
  for (const element of elements) {
    const { text, attributes, base } = element;
    const url = text === "" ? null : parseUrl(text, base);
    if (url !== null) url.hash = "";
    const why = reasonAgainst(url, attributes.get("type"), itself);
    if (url === null || why !== undefined) {
      if (rejected.length < MAX_REJECTED) rejected.push({ url: text, why: why ?? "invalid" });
      continue;
    }
    const priority = version === 4
      ? parsePriority(attributes.get("priority")?.trim())
      : priorityOfPreference(attributes.get("preference"));
    const known = urls.get(url.href);
    if (known !== undefined && known.priority <= priority) continue;
    urls.set(url.href, {
      url: url.href,
      priority,
      location: parseCountry(attributes.get("location")),
      maxConnections: connectionsOf(element),
    });
  }
  // Those of the same priority stay in order.
  return { urls: [...urls.values()].sort((a, b) => a.priority - b.priority), rejected };
}

function reasonAgainst(
  url: URL | null,
  type: string | undefined,
  itself: string | undefined,
): RejectedUrl["why"] | undefined {
  if (type?.toLowerCase() === "bittorrent") return "torrent";
  if (url === null) return "invalid";
  if (url.protocol !== "http:" && url.protocol !== "https:") return "scheme";
  return url.href === itself ? "itself" : undefined;
}

/** Turns a preference, of which higher is better, into a priority. */
function priorityOfPreference(text: string | undefined): number {
  const preference = parseWholeNumber(text?.trim());
  return preference === undefined
    ? LAST_PRIORITY
    : MAX_PREFERENCE + 1 - Math.min(preference, MAX_PREFERENCE);
}

function connectionsOf(element: XmlElement | undefined): number | undefined {
  return parseWholeNumber(element?.attributes.get("maxconnections")?.trim()) || undefined;
}

/** Reads the publisher, whose facts are attributes in version 4, and elements in version 3. */
export function readPublisher(
  parent: XmlElement,
  version: MetalinkVersion,
): MetalinkPublisher | undefined {
  const element = childrenOf(parent, "publisher")[0];
  if (element === undefined) return undefined;
  const fact = (name: string) =>
    (version === 4 ? element.attributes.get(name) : textOf(element, name)) || undefined;
  const [name, url] = [fact("name"), fact("url")];
  return name === undefined && url === undefined ? undefined : { name, url };
}

function readSignature({ attributes, text }: XmlElement): MetalinkSignature {
  return { type: attributes.get("mediatype") ?? attributes.get("type") ?? "", text };
}
