/**
 * Reads XML into a tree of the elements that are in the namespace of the root: the rest is foreign
 * markup, which is left out with all that is in it. Entities are never expanded, but for those of XML
 * itself, and the size, depth and number of elements are bounded. Nothing outside the text is read.
 *
 * @module
 */

import { SaxesParser, type SaxesTagNS } from "saxes";
import { parseUrl } from "../stand_ins.ts";
import { MetalinkError } from "./metalink_error.ts";

/** An element. */
export interface XmlElement {
  /** The name without prefix. */
  readonly name: string;
  /** The values of attributes without namespace, by name. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The URL that relative ones in it are relative to; `undefined` for none. */
  readonly base: string | undefined;
  /** The text directly in it, without white space around it. */
  readonly text: string;
  /** The line where it begins, from 1. */
  readonly line: number;
}

/** A document. */
export interface XmlDocument {
  /** The namespace of the root; "" for none. */
  readonly namespace: string;
  readonly root: XmlElement;
}

/** Maximum length of a document, in UTF-16 code units: those of 200 000 pieces. */
export const MAX_METALINK_LENGTH: number = 16 * 1024 * 1024;
/** Maximum number of elements within each other. */
const MAX_DEPTH = 64;
/** Maximum number of elements, foreign ones included. */
const MAX_ELEMENTS = 250_000;
/** Maximum number of attributes of an element. */
const MAX_ATTRIBUTES = 100;
/** Maximum length of a base: every URL may be resolved by it. */
const MAX_BASE = 2048;

/** An element that is being read. */
interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
  readonly pieces: string[];
  text: string;
}

/**
 * Parses a document.
 *
 * @param url where it is from: relative URLs in it are relative to that, or to an `xml:base`
 * @throws {MetalinkError} if it is not well-formed, has a declaration of entities, or is too large
 */
export function parseXml(text: string, url?: string): XmlDocument {
  if (text.length > MAX_METALINK_LENGTH) {
    throw new MetalinkError(
      "size",
      `it has ${text.length} characters, but at most ${MAX_METALINK_LENGTH} are read`,
    );
  }
  const reader = new Reader(url);
  reader.read(text);
  return reader.document();
}

const NONE: ReadonlyMap<string, string> = new Map();

/** Returns the attributes without namespace. Most elements have none, and there may be many of them. */
function ownOf(attributes: SaxesTagNS["attributes"]): ReadonlyMap<string, string> {
  let own: Map<string, string> | undefined;
  for (const name in attributes) {
    const { uri, local, value } = attributes[name]!;
    if (uri === "") (own ??= new Map()).set(local, value);
  }
  return own ?? NONE;
}

class Reader {
  readonly #parser = new SaxesParser({ xmlns: true, position: true });
  /** Open elements in the namespace of the root, the innermost last. */
  readonly #open: OpenElement[] = [];
  readonly #url: string | undefined;
  #root: OpenElement | undefined;
  #namespace = "";
  #depth = 0;
  #elements = 0;
  /** Number of attributes of the element that begins. */
  #attributes = 0;
  /** How many elements are open, from the outermost foreign one on. */
  #foreign = 0;

  constructor(url: string | undefined) {
    this.#url = url;
    const parser = this.#parser;
    parser.on("error", ({ message }) => {
      throw new MetalinkError("xml", `not well-formed XML: ${message.replace(/\.$/, "")}`);
    });
    parser.on("doctype", (declaration) => {
      // An empty subset declares nothing.
      if (/\[(?!\s*\])/.test(declaration)) {
        this.#fail("entities", "it declares entities or other markup");
      }
    });
    parser.on("attribute", () => {
      if (++this.#attributes > MAX_ATTRIBUTES) {
        this.#fail("size", `more than ${MAX_ATTRIBUTES} attributes of an element`);
      }
    });
    parser.on("opentag", (tag) => this.#enter(tag));
    parser.on("closetag", () => this.#leave());
    parser.on("text", (text) => this.#text(text));
    parser.on("cdata", (text) => this.#text(text));
  }

  read(text: string): void {
    this.#parser.write(text).close();
  }

  document(): XmlDocument {
    // A document without a root element is not well-formed.
    if (this.#root === undefined) throw new MetalinkError("xml", "not XML: there is no element");
    return { namespace: this.#namespace, root: this.#root };
  }

  #enter({ uri, local, attributes }: SaxesTagNS): void {
    this.#attributes = 0;
    if (++this.#depth > MAX_DEPTH) this.#fail("size", `more than ${MAX_DEPTH} nested elements`);
    if (++this.#elements > MAX_ELEMENTS) this.#fail("size", `more than ${MAX_ELEMENTS} elements`);
    if (this.#root === undefined) this.#namespace = uri;
    if (this.#foreign > 0 || uri !== this.#namespace) {
      this.#foreign++;
      return;
    }
    const element: OpenElement = {
      name: local,
      attributes: ownOf(attributes),
      children: [],
      base: this.#base(attributes["xml:base"]?.value),
      pieces: [],
      text: "",
      line: this.#parser.line,
    };
    this.#open.at(-1)?.children.push(element);
    this.#root ??= element;
    this.#open.push(element);
  }

  /** Returns the base of an element with this `xml:base` (RFC 3986 section 5.1.1). */
  #base(own: string | undefined): string | undefined {
    const outer = this.#open.at(-1)?.base ?? this.#url;
    if (own === undefined) return outer;
    const base = parseUrl(own, outer)?.href;
    return base !== undefined && base.length <= MAX_BASE ? base : outer;
  }

  #leave(): void {
    this.#depth--;
    if (this.#foreign > 0) {
      this.#foreign--;
      return;
    }
    const element = this.#open.pop()!;
    element.text = element.pieces.join("").trim();
    element.pieces.length = 0;
  }

  #text(text: string): void {
    if (this.#foreign === 0) this.#open.at(-1)?.pieces.push(text);
  }

  #fail(fault: "size" | "entities", message: string): never {
    throw new MetalinkError(fault, message, this.#parser.line);
  }
}
