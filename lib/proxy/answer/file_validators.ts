/**
 * The validators that the proxy sends with a file. They are its own, made of what the mirrors agree
 * on, so that they do not depend on which of them answer; the same content keeps them.
 * Follows RFC 9110 section 8.8.
 *
 * @module
 */

import type { FileInfo, KnownFile } from "../../../mod.ts";
import { contradicts, isWeak, type Validators } from "../../http/validators.ts";

/** Validators of a file, and those of its mirrors that they come from. */
export interface FileValidators {
  /** A strong entity tag; `undefined` where the file cannot be told from another one. */
  readonly etag: string | undefined;
  /** When the file was modified, where the mirrors do not contradict each other. */
  readonly lastModified: string | undefined;
  /** What each mirror said last, by its URL; of those too that have died since. */
  readonly mirrors: ReadonlyMap<string, Validators>;
  /** Digest of the first bytes. */
  readonly digest: string | undefined;
  /** Size in bytes. */
  readonly size: number | undefined;
}

/** The tag of every empty file. */
const EMPTY_TAG = '"empty"';

/**
 * Makes the validators of a file, or keeps `before`, those that it was known by earlier: as long as
 * size and first bytes are the same, and no mirror contradicts what it said itself. So a mirror
 * that dies changes nothing, whatever date or tag it gave.
 *
 * The tag depends on the size and the first bytes, and on the date and the strong tag of the
 * mirrors where that is one and the same for all that have any. Another process finds the same one
 * while the same mirrors answer; where they agree on the date, whichever answer.
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
  const isLikeBefore = before !== undefined && before.size === size && before.digest === digest;
  const isChanged = [...now].some(([url, said]) => contradicts(before?.mirrors.get(url), said));
  if (isLikeBefore && !isChanged) {
    const mirrors = new Map([...before.mirrors, ...now]);
    return { etag: before.etag, lastModified: before.lastModified, mirrors, digest, size };
  }
  const strongTag = common(
    [...now.values()].map(({ etag }) => etag && !isWeak(etag) ? etag : undefined),
  );
  const facts = [size, digest, lastModified, strongTag];
  let etag = await tagOf(facts);
  // A mirror's own validators tell of a change that the common ones do not show.
  if (isLikeBefore && etag === before.etag) etag = await tagOf([...facts, ...said(now)]);
  return { etag, lastModified, mirrors: now, digest, size };
}

/** The one value that there is; `undefined` for none, and for different ones. */
function common(values: readonly (string | undefined)[]): string | undefined {
  const [value, ...others] = new Set(values.filter((value) => value !== undefined));
  return others.length === 0 ? value : undefined;
}

/** What the mirrors say, in an order that does not depend on theirs. */
function said(mirrors: ReadonlyMap<string, Validators>): string[] {
  return [...mirrors].map(([url, { etag, lastModified }]) =>
    JSON.stringify([url, etag, lastModified])
  ).sort();
}

async function tagOf(facts: readonly unknown[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(facts));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `"${hash.subarray(0, 18).toBase64({ alphabet: "base64url" })}"`;
}
