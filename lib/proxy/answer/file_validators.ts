/**
 * The validators that the proxy sends with a file. It derives its own from what the mirrors agree on,
 * so that they do not depend on which mirrors respond and stay the same as long as the content does.
 * Follows RFC 9110 section 8.8.
 *
 * @module
 */

import { eTag } from "@std/http/etag";
import type { FileInfo, KnownFile } from "../../../mod.ts";
import { contradicts, isWeak, type Validators } from "../../http/validators.ts";

/** Validators of a file, and those of its mirrors from which they are derived. */
export interface FileValidators {
  /** A strong entity tag; `undefined` if nothing identifies the content. */
  readonly etag: string | undefined;
  /** The `Last-Modified`, if the mirrors agree on it. */
  readonly lastModified: string | undefined;
  /** The last validators of each mirror, by URL, including mirrors that have failed since. */
  readonly mirrors: ReadonlyMap<string, Validators>;
  /** Digest of the first bytes. */
  readonly digest: string | undefined;
  readonly size: number | undefined;
}

/** The tag of every empty file. */
const EMPTY_TAG = '"empty"';

/**
 * Derives the validators of a file. Keeps `before`, the earlier ones, as long as size and first bytes
 * are the same and no mirror contradicts its own earlier validators, so that a mirror that fails
 * changes nothing.
 *
 * The tag depends on the size, the first bytes, and the date and strong tag of the mirrors where they
 * agree. Another process derives the same tag while the same mirrors respond or, if their dates
 * agree, whichever respond.
 */
export async function fileValidators(
  info: FileInfo,
  file: KnownFile | undefined,
  before: FileValidators | undefined,
): Promise<FileValidators> {
  const { size } = info;
  const digest = file?.digest;
  const now = new Map(file?.mirrors.map(({ url, validators }) => [url, validators]));
  if (size === 0 || file === undefined) {
    const etag = size === 0 ? EMPTY_TAG : undefined;
    return { etag, lastModified: info.lastModified, mirrors: now, digest, size };
  }
  const lastModified = common([...now.values()].map((one) => one.lastModified));
  if (digest === undefined) return { etag: undefined, lastModified, mirrors: now, digest, size };
  const isSame = before !== undefined && before.size === size && before.digest === digest;
  const isChanged = [...now].some(([url, current]) =>
    contradicts(before?.mirrors.get(url), current)
  );
  if (isSame && !isChanged) {
    const mirrors = new Map([...before.mirrors, ...now]);
    return { etag: before.etag, lastModified: before.lastModified, mirrors, digest, size };
  }
  const strongTag = common(
    [...now.values()].map(({ etag }) => etag && !isWeak(etag) ? etag : undefined),
  );
  const facts = [size, digest, lastModified, strongTag];
  let etag = await tagOf(facts);
  // A mirror's own validators have changed, though the common facts have not.
  if (isSame && etag === before.etag) etag = await tagOf([...facts, ...listValidators(now)]);
  return { etag, lastModified, mirrors: now, digest, size };
}

/** Returns the value that all defined values share, else `undefined`. */
function common(values: readonly (string | undefined)[]): string | undefined {
  const [value, ...others] = new Set(values.filter((value) => value !== undefined));
  return others.length === 0 ? value : undefined;
}

/** Lists the validators of all mirrors in a fixed order. */
function listValidators(mirrors: ReadonlyMap<string, Validators>): string[] {
  return [...mirrors].map(([url, { etag, lastModified }]) =>
    JSON.stringify([url, etag, lastModified])
  ).sort();
}

async function tagOf(facts: readonly unknown[]): Promise<string> {
  return (await eTag(JSON.stringify(facts), { weak: false }))!;
}
