/**
 * Reads where else a resource is, from its header (Metalink/HTTP, RFC 6249): duplicates of it, and
 * documents that describe it. Whether a duplicate may be used is for the caller to say: the RFC demands
 * a digest of the resource, or an equal strong ETag.
 *
 * @module
 */

import { parseWholeNumber } from "./field_value.ts";
import { parseLinks } from "./link.ts";

/** A duplicate of a resource. */
export interface Duplicate {
  /** Its URL, http or https. */
  readonly url: string;
  /** Lower is better, from 1 to 999999, which is that of duplicates without one. */
  readonly priority: number;
  /** Whether it is known to have the same ETag, and to be preferred. */
  readonly isPreferred: boolean;
  /** The country of the server, as two lower-case letters. */
  readonly location: string | undefined;
  /** How many segments of the path, from the end, the server has in the same way. */
  readonly depth: number | undefined;
}

/** A document that describes a resource. */
export interface Description {
  /** Its URL, http or https. */
  readonly url: string;
  /** The media type in lower case, like `application/metalink4+xml`; "" if it is not given. */
  readonly type: string;
}

/** Where else a resource is. */
export interface Elsewhere {
  /** The preferred ones first, then by priority; each URL once, and not that of the resource. */
  readonly duplicates: readonly Duplicate[];
  /** Documents, each once. */
  readonly descriptions: readonly Description[];
  /** Why a part of the field was not read. */
  readonly problem: string | undefined;
}

/** The priority of a URL without one, which is also the last (RFC 5854 section 4.2.16.2). */
export const LAST_PRIORITY = 999_999;

/** Reads the `Link` fields of a response that came from `base`. Only http and https URLs count. */
export function readElsewhere(headers: Headers, base: URL): Elsewhere {
  const { links, problem } = parseLinks(headers.get("link"), base);
  const duplicates = new Map<string, Duplicate>();
  const descriptions = new Map<string, Description>();
  const own = withoutFragment(base);
  for (const { target, relations, parameters } of links) {
    const url = withoutFragment(target);
    if (!/^https?:/.test(url) || url === own) continue;
    if (relations.includes("duplicate")) {
      const duplicate: Duplicate = {
        url,
        priority: parsePriority(parameters.get("pri")),
        isPreferred: parameters.has("pref"),
        location: parseCountry(parameters.get("geo")),
        depth: parseWholeNumber(parameters.get("depth")),
      };
      const known = duplicates.get(url);
      if (known === undefined || order(duplicate, known) < 0) duplicates.set(url, duplicate);
    }
    if (relations.includes("describedby") && !descriptions.has(url)) {
      const [type = ""] = (parameters.get("type") ?? "").split(";");
      descriptions.set(url, { url, type: type.trim().toLowerCase() });
    }
  }
  return {
    // Those of the same rank stay in order.
    duplicates: [...duplicates.values()].sort(order),
    descriptions: [...descriptions.values()],
    problem,
  };
}

function order(a: Duplicate, b: Duplicate): number {
  return Number(b.isPreferred) - Number(a.isPreferred) || a.priority - b.priority;
}

function withoutFragment(url: URL): string {
  return url.href.slice(0, url.href.length - url.hash.length);
}

/** Parses a priority, from 1 (the best). */
export function parsePriority(text: string | undefined): number {
  return Math.min(parseWholeNumber(text) || LAST_PRIORITY, LAST_PRIORITY);
}

/** Parses a country of two letters; returns them in lower case. */
export function parseCountry(text: string | undefined): string | undefined {
  const country = text?.trim().toLowerCase();
  return country !== undefined && /^[a-z]{2}$/.test(country) ? country : undefined;
}
