/**
 * Signatures of minisign: Ed25519 over the BLAKE2b-512 digest of a file, or over the file itself in the
 * legacy form. A second signature covers the first and its trusted comment.
 * Follows https://jedisct1.github.io/minisign/, "Signature format".
 *
 * @module
 */

import { fromBase64 } from "../../stand_ins.ts";
import { printable, truncate } from "../../command_line/terminal_text.ts";
import { badSignature, type ContentVerifier, type Signature } from "./content_verifier.ts";

/** A public key. */
export interface MinisignKey {
  readonly id: string;
  readonly key: CryptoKey;
}

interface ParsedSignature {
  readonly isLegacy: boolean;
  readonly keyId: string;
  readonly signature: Uint8Array<ArrayBuffer>;
  readonly trustedComment: string;
  readonly globalSignature: Uint8Array<ArrayBuffer>;
}

/** The length of an Ed25519 signature. */
const SIGNATURE_LENGTH = 64;
/** Two letters for the algorithm, and the ID of the key. */
const HEAD_LENGTH = 10;
const KEY_LENGTH = 32;
/** A legacy signature needs the whole file in memory. */
const MAX_LEGACY = 64 * 1024 * 1024;

/** A signature has as many lines. */
const MOST_LINES = 4;
/** The longest line in Base64 is much shorter. */
const MOST_DIGITS = 200;

const UNTRUSTED = "untrusted comment:";
const TRUSTED = "trusted comment: ";

/** Reports whether a text is a key or a signature of minisign. */
export function looksLikeMinisign(text: string): boolean {
  return text.startsWith(UNTRUSTED) || /^RW[A-Za-z0-9+/]{54}\s*$/.test(text);
}

/** Parses a public key, with or without its comment; returns `undefined` if it is none. */
export async function parseMinisignKey(text: string): Promise<MinisignKey | undefined> {
  const lines = linesOf(text);
  const encoded = lines[0]?.startsWith(UNTRUSTED) ? lines[1] : lines[0];
  const bytes = bytesOf(encoded);
  if (bytes?.byteLength !== HEAD_LENGTH + KEY_LENGTH || algorithmOf(bytes) !== "Ed") {
    return undefined;
  }
  const raw = bytes.slice(HEAD_LENGTH);
  const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
  return { id: keyIdOf(bytes), key };
}

/**
 * Opens a signature.
 *
 * @throws {CommandError} none of the keys has made it, or its comment was changed
 * @returns `undefined` if it is no signature of minisign
 */
export async function openMinisign(
  text: string,
  where: string,
  keys: readonly MinisignKey[],
  keyFiles: string,
): Promise<Signature | undefined> {
  const parsed = parseSignature(text);
  if (parsed === undefined) return undefined;
  const key = keys.find(({ id }) => id === parsed.keyId);
  if (key === undefined) {
    const which = `key ${parsed.keyId}, which is not in ${keyFiles}`;
    throw badSignature(`the signature ${where} was made by ${which}`);
  }
  const { signature, trustedComment, globalSignature } = parsed;
  const covered = new Uint8Array([...signature, ...new TextEncoder().encode(trustedComment)]);
  if (!await verifies(key, globalSignature, covered)) {
    throw badSignature(
      `the signature ${where} was changed: its trusted comment is not that of key ${key.id}`,
    );
  }
  const comment = truncate(printable(trustedComment.replace(/\s+/g, " ").trim()), 100);
  return {
    where,
    signer: `key ${key.id}${comment === "" ? "" : ` (${comment})`}`,
    verifier: async () =>
      parsed.isLegacy ? new LegacyVerifier(parsed, key, where) : await hashed(parsed, key, where),
  };
}

function parseSignature(text: string): ParsedSignature | undefined {
  const [comment = "", first = "", trusted = "", second = ""] = linesOf(text);
  const bytes = bytesOf(first);
  const globalSignature = bytesOf(second);
  if (!comment.startsWith(UNTRUSTED) || !trusted.startsWith(TRUSTED)) return undefined;
  if (bytes?.byteLength !== HEAD_LENGTH + SIGNATURE_LENGTH) return undefined;
  if (globalSignature?.byteLength !== SIGNATURE_LENGTH) return undefined;
  const algorithm = algorithmOf(bytes);
  if (algorithm !== "Ed" && algorithm !== "ED") return undefined;
  return {
    isLegacy: algorithm === "Ed",
    keyId: keyIdOf(bytes),
    signature: bytes.slice(HEAD_LENGTH),
    trustedComment: trusted.slice(TRUSTED.length),
    globalSignature,
  };
}

/** Creates the verifier of a signature over the digest. Loads `node:crypto` on demand. */
async function hashed(
  { signature }: ParsedSignature,
  key: MinisignKey,
  where: string,
): Promise<ContentVerifier> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("blake2b512");
  return {
    update: (bytes) => void hash.update(bytes),
    finish: async () => {
      const digest = new Uint8Array(hash.digest());
      if (!await verifies(key, signature, digest)) throw doesNotFit(where, key);
    },
  };
}

class LegacyVerifier implements ContentVerifier {
  readonly #signature: ParsedSignature;
  readonly #key: MinisignKey;
  readonly #where: string;
  readonly #parts: Uint8Array<ArrayBuffer>[] = [];
  #length = 0;

  constructor(signature: ParsedSignature, key: MinisignKey, where: string) {
    this.#signature = signature;
    this.#key = key;
    this.#where = where;
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.byteLength;
    if (this.#length > MAX_LEGACY) {
      throw badSignature(
        `the signature ${this.#where} is of minisign's legacy form, which is verified for files of ` +
          `up to ${MAX_LEGACY} bytes; use minisign -V once the file is there`,
      );
    }
    this.#parts.push(bytes.slice());
  }

  async finish(): Promise<void> {
    const content = new Uint8Array(await new Blob(this.#parts).arrayBuffer());
    if (await verifies(this.#key, this.#signature.signature, content)) return;
    throw doesNotFit(this.#where, this.#key);
  }
}

async function verifies(
  { key }: MinisignKey,
  signature: Uint8Array<ArrayBuffer>,
  content: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return await crypto.subtle.verify("Ed25519", key, signature, content);
}

function doesNotFit(where: string, { id }: MinisignKey): Error {
  return badSignature(`the signature ${where} by key ${id} is not of these bytes`);
}

/** Decodes a line in Base64; returns `undefined` if it is none that a key or a signature has. */
function bytesOf(line = ""): Uint8Array<ArrayBuffer> | undefined {
  return line.length > MOST_DIGITS ? undefined : fromBase64(line.trim());
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/, MOST_LINES);
}

function algorithmOf(bytes: Uint8Array): string {
  return String.fromCharCode(bytes[0]!, bytes[1]!);
}

/** Returns the ID of a key as minisign shows it: a number with the least significant byte first. */
function keyIdOf(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getBigUint64(2, true).toString(16).toUpperCase().padStart(16, "0");
}
