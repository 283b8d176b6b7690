/**
 * Functions that newer runtimes have themselves, for all that are supported: Node.js 20 is the oldest.
 * Nothing global is changed.
 *
 * @module
 */

/** A promise, and what settles it. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value | PromiseLike<Value>) => void;
  readonly reject: (reason?: unknown) => void;
}

/** Returns a promise with what settles it; `Promise.withResolvers()` elsewhere. */
export function deferred<Value = void>(): Deferred<Value> {
  let resolve!: Deferred<Value>["resolve"];
  let reject!: Deferred<Value>["reject"];
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Returns a URL, or `null` if it is not valid; `URL.parse()` elsewhere. */
export function parseUrl(text: string | URL, base?: string | URL): URL | null {
  // Without an error, of which each takes as long as ten URLs.
  const parsed = URL.parse?.(text, base);
  if (parsed !== undefined) return parsed;
  // Most are valid. canParse() would parse these twice.
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}

/** Returns items by their keys, both in the order in which they come; `Map.groupBy()` elsewhere. */
export function groupBy<Key, Item>(
  items: Iterable<Item>,
  keyOf: (item: Item) => Key,
): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** Returns the items of an asynchronous sequence; `Array.fromAsync()` elsewhere. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** Returns bytes in hexadecimal; `toHex()` elsewhere. */
export function toHex(bytes: Uint8Array): string {
  // Not piece by piece: what is kept would be a tree of its digits, which takes ten times the memory.
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Returns bytes in Base64 (RFC 4648 section 4); `toBase64()` elsewhere. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/**
 * Returns the bytes of a text in Base64, or `undefined` if it is none; `Uint8Array.fromBase64()` elsewhere.
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** Returns a text whose lone surrogates are replaced by U+FFFD; `toWellFormed()` elsewhere. */
export function toWellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\u{FFFD}");
}
