/**
 * Parses `Link` fields. A malformed value is read up to the error. Follows RFC 8288
 * section 3 and appendix B.
 *
 * @module
 */

import { parseUrl } from "../stand_ins.ts";

/** A link of a resource to another one. */
export interface Link {
  /** The target, resolved. */
  readonly target: URL;
  /** The relations, in lower case. */
  readonly relations: readonly string[];
  /** The first value of each parameter, by its name in lower case; "" if it has none. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** The links in a field. */
export interface Links {
  readonly links: readonly Link[];
  /** Why the rest was not read; `undefined` if all was. */
  readonly problem: string | undefined;
}

/** The maximum length of a field; longer ones are read up to here. */
const MAX_LENGTH = 4 * 1024 * 1024;

/** The maximum number of links; the rest is not read. */
const MAX_LINKS = 10_000;

/** A target in angle brackets, with the commas before it. */
const TARGET = /[\s,]*<([^<>]*)>/y;
/** A parameter: a quoted value, a token, or none. */
const PARAMETER = /\s*;\s*([^\s=;,"<>]*)(?:\s*=\s*(?:"((?:[^"\\]|\\[^])*)"|([^\s;,"<>]*)))?/y;
/** What ends a link. */
const END = /\s*(?:,|$)/y;
const BLANK = /[\s,]*$/y;

/**
 * Parses the joined values of `Link`.
 *
 * @param base the URL of the resource whose links these are. Links of another one (`anchor`), and those
 *   whose target is no URL, are left out.
 */
export function parseLinks(value: string | null, base: URL): Links {
  if (value === null) return { links: [], problem: undefined };
  const text = value.slice(0, MAX_LENGTH);
  const links: Link[] = [];
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (next(BLANK) === null) {
    if (links.length === MAX_LINKS) return { links, problem: `more than ${MAX_LINKS} links` };
    const target = next(TARGET);
    if (target === null) return { links, problem: `a link does not begin with < at ${at + 1}` };
    const parameters = new Map<string, string>();
    for (let match = next(PARAMETER); match !== null; match = next(PARAMETER)) {
      const [, name, quoted, token = ""] = match;
      const key = name!.toLowerCase();
      if (key === "" || parameters.has(key)) continue;
      parameters.set(key, quoted === undefined ? token : quoted.replace(/\\([^])/g, "$1"));
    }
    if (next(END) === null) {
      const what = text.slice(at).trimStart().startsWith('"')
        ? "a quote that is not closed"
        : "text";
      return { links, problem: `${what} where a link should end at ${at + 1}` };
    }
    const link = linkOf(target[1]!, parameters, base);
    if (link !== undefined) links.push(link);
  }
  const problem = value.length > MAX_LENGTH ? `longer than ${MAX_LENGTH} characters` : undefined;
  return { links, problem };
}

function linkOf(
  reference: string,
  parameters: ReadonlyMap<string, string>,
  base: URL,
): Link | undefined {
  const relations = (parameters.get("rel") ?? "").toLowerCase().split(/\s+/)
    .filter((one) => one !== "");
  if (relations.length === 0) return undefined;
  const anchor = parameters.get("anchor");
  if (anchor !== undefined && parseUrl(anchor, base)?.href !== base.href) return undefined;
  const target = parseUrl(reference, base);
  return target === null ? undefined : { target, relations, parameters };
}
