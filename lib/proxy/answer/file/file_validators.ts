/**
 * The validators that the proxy sends with a file. It derives its own from what the mirrors agree on,
 * so that they do not depend on which mirrors respond and stay the same as long as the content does.
 * Follows RFC 9110 section 8.8.
 *
 * @module
 */

import { eTag } from "@std/http/etag";
import type { FileInfo, KnownFile, KnownMirror } from "../../../../mod.ts";
import { parseHttpDateLeniently } from "../../../http/http_date.ts";
import { contradicts, isWeak, type Validators } from "../../../http/validators.ts";

/** Distinguishes this process from others in tags that are not good for longer. */
const PROCESS_ID: string = crypto.randomUUID();

/** Validators of a file, and those of its mirrors from which they are derived. */
export interface FileValidators {
  /** An entity tag; `undefined` if nothing identifies the content. */
  readonly etag: string | undefined;
  /** The `Last-Modified`, written anew, if the mirrors agree on it and it is in the past. */
  readonly lastModified: string | undefined;
  /**
   * Whether what the mirrors say distinguishes the content from any other. Else a strong tag is one of this
   * process, and the date proves nothing.
   */
  readonly isLasting: boolean;
  /**
   * The validators of each place that responded, the last one at the end, including places that have
   * failed since.
   */
  readonly places: ReadonlyMap<string, readonly Validators[]>;
  /** URLs of mirrors whose validators change though the file does not. */
  readonly unreliable: ReadonlySet<string>;
  /** Digest of the first bytes. */
  readonly digest: string | undefined;
  readonly size: number | undefined;
  /** How often the bytes were found to have changed, whatever the validators said. */
  readonly changes: number;
  /** The latest tags, which are not used for another version. */
  readonly tags: readonly string[];
}

/** The tag of every empty file. */
const EMPTY_TAG = '"empty"';
/** Maximum number of places that are remembered, and of validators of each. */
const MOST_PLACES = 64;
const MOST_VALIDATORS = 4;
/** Maximum number of tags that are remembered. */
const MOST_TAGS = 16;

/** What is known of a file beside what its mirrors say now. */
export interface Evidence {
  /** URLs of mirrors that were found to be unreliable. */
  readonly unreliable: ReadonlySet<string>;
  /** How often the bytes were found to have changed; with more than before, the tag is a new one. */
  readonly changes: number;
  /** The strong tag of a file of which each piece is proved. */
  readonly etag?: string | undefined;
  /** Whether a date that the mirrors share is taken for proof that they have the same content. */
  readonly trustDates?: boolean | undefined;
  /** The mirrors that were named: those of other lists may have other content. */
  readonly named?: readonly string[] | undefined;
}

/** When and where validators are derived. */
export interface Moment {
  /** The time, in milliseconds since 1970. */
  readonly nowMs: number;
  readonly processId: string;
}

/**
 * Derives the validators of a file. Keeps `before`, the earlier ones, as long as size and first bytes
 * are the same and no mirror contradicts its own earlier validators, so that a mirror that fails
 * changes nothing. A mirror that returns to validators that it had contradicted is unreliable: what it
 * says is not compared any more.
 *
 * The tag depends on the size, the first bytes, and the date and strong tag of the mirrors where they
 * agree. If all mirrors have one strong tag, another process derives the same, regardless of which of them
 * respond; else it is good for these mirrors in this process only, which notices what changes: only the first
 * bytes were compared so far, and builds that set all dates to one may differ after them. It is weak if a mirror
 * has no validators. Where each piece is proved, nothing but that matters.
 */
export async function fileValidators(
  info: FileInfo,
  file: KnownFile | undefined,
  before: FileValidators | undefined,
  evidence: Evidence = { unreliable: new Set(), changes: before?.changes ?? 0 },
  { nowMs, processId }: Moment = { nowMs: Date.now(), processId: PROCESS_ID },
): Promise<FileValidators> {
  const { size } = info;
  const digest = file?.digest;
  const isSame = before !== undefined && before.size === size && before.digest === digest;
  const mirrors = file?.mirrors ?? [];
  const places = new Map(isSame ? before.places : []);
  const unreliable = new Set([...evidence.unreliable, ...isSame ? before.unreliable : []]);
  const { changes } = evidence;
  let isChanged = changes !== before?.changes;
  for (const mirror of mirrors) {
    const { validators } = mirror;
    const earlier = places.get(placeOf(mirror)) ?? [];
    const isNew = earlier.length > 0 && contradicts(earlier.at(-1), validators);
    if (isNew && earlier.some((one) => !contradicts(one, validators))) unreliable.add(mirror.url);
    if (isNew && !unreliable.has(mirror.url)) isChanged = true;
    const kept = isNew ? earlier : earlier.slice(0, -1);
    places.set(placeOf(mirror), [...kept, validators].slice(-MOST_VALIDATORS));
  }
  for (const [place] of [...places].slice(0, -MOST_PLACES)) places.delete(place);
  const tags = before?.tags ?? [];
  const isProved = size === 0 || evidence.etag !== undefined;
  const common = { places, unreliable, digest, size, changes, tags, isLasting: isProved };
  if (size === 0 || file === undefined) {
    const etag = size === 0 ? EMPTY_TAG : evidence.etag;
    return { etag, lastModified: dateOf(info.lastModified, nowMs), ...common };
  }
  const reliable = mirrors.filter(({ url }) => !unreliable.has(url));
  const dates = reliable.map(({ validators }) => dateOf(validators.lastModified, nowMs));
  const lastModified = shared(dates);
  if (evidence.etag !== undefined) return { etag: evidence.etag, lastModified, ...common };
  if (digest === undefined) return { etag: undefined, lastModified, ...common };
  const isSilent = reliable.some(({ validators: { etag, lastModified } }) =>
    etag === undefined && lastModified === undefined
  );
  if (isSame && !isChanged) {
    const { etag, lastModified, isLasting } = before;
    return { ...common, etag: isSilent ? weakened(etag) : etag, lastModified, isLasting };
  }
  const strongTags = reliable.map(({ validators: { etag } }) =>
    etag && !isWeak(etag) ? etag : undefined
  );
  const strongTag = shared(strongTags);
  const isDated = evidence.trustDates === true && isCommon(dates) &&
    reliable.every(({ validators: { strong } }) => strong !== undefined);
  // Bytes that changed under the same validators have shown that these prove nothing.
  const isLasting = changes === 0 && (isCommon(strongTags) || isDated);
  const isWeakened = isSilent || reliable.length === 0;
  const scope = isLasting || isWeakened || [processId, evidence.named?.toSorted()];
  const facts = [size, digest, lastModified, strongTag, scope];
  // What changed may be none of these: a mirror's own validators, or only its bytes.
  const more = [facts, [...facts, ...listed(mirrors)]];
  let etag = await tagOf(more[0]!);
  for (let turn = 1; tags.includes(etag); turn++) {
    etag = await tagOf(more[turn] ?? [...more[1]!, changes, turn, tags.at(-1)]);
  }
  const sent = isWeakened ? weakened(etag) : etag;
  return {
    ...common,
    etag: sent,
    lastModified,
    isLasting,
    tags: [...tags, etag].slice(-MOST_TAGS),
  };
}

/** Writes a `Last-Modified` anew; `undefined` if it is no date, or in the future. */
function dateOf(lastModified: string | undefined, nowMs: number): string | undefined {
  const timeMs = parseHttpDateLeniently(lastModified ?? "", nowMs);
  return timeMs === undefined || timeMs > nowMs ? undefined : new Date(timeMs).toUTCString();
}

function weakened(etag: string | undefined): string | undefined {
  return etag === undefined || isWeak(etag) ? etag : `W/${etag}`;
}

/** Returns URLs of mirrors whose validators in one response contradict those in another. */
export function contradictory(one: KnownFile | undefined, other: KnownFile | undefined): string[] {
  return (other?.mirrors ?? []).flatMap((mirror) => {
    const place = placeOf(mirror);
    const same = one?.mirrors.find((candidate) => placeOf(candidate) === place);
    return contradicts(same?.validators, mirror.validators) ? [mirror.url] : [];
  });
}

/** Returns where a mirror was served from. Validators belong to the place: a redirector may have many. */
function placeOf({ url, location }: KnownMirror): string {
  if (location === undefined) return url;
  // Signatures and times in a query differ every time.
  const { origin, pathname } = new URL(location);
  return `${url} ${origin}${pathname}`;
}

/** Returns the value that all defined values share, else `undefined`. */
function shared(values: readonly (string | undefined)[]): string | undefined {
  const [value, ...others] = new Set(values.filter((value) => value !== undefined));
  return others.length === 0 ? value : undefined;
}

/** Reports whether all values are defined, and the same. */
function isCommon(values: readonly (string | undefined)[]): boolean {
  return shared(values) !== undefined && !values.includes(undefined);
}

/** Lists the validators of all mirrors in a fixed order. */
function listed(mirrors: readonly KnownMirror[]): string[] {
  return mirrors.map(({ url, validators: { etag, lastModified } }) =>
    JSON.stringify([url, etag, lastModified])
  ).sort();
}

async function tagOf(facts: readonly unknown[]): Promise<string> {
  return (await eTag(JSON.stringify(facts), { weak: false }))!;
}
