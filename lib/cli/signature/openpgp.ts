/**
 * Signatures of OpenPGP (RFC 9580): detached ones, and texts that are signed in clear. A key counts only
 * if it is valid now: with one that has expired or was revoked, anyone who has got hold of it could sign,
 * and choose the date.
 *
 * @module
 */

import type {
  CleartextMessage,
  Key,
  Message,
  PublicKey,
  Signature as SignatureList,
  SignaturePacket,
} from "openpgp";
import { CommandError, usageError } from "../../command_line/command_error.ts";
import { printable, truncate } from "../../command_line/terminal_text.ts";
import { badSignature, type ContentVerifier, type Signature } from "./content_verifier.ts";

export type OpenPgpKey = PublicKey;

/** What the library says of one signature. */
interface Verification {
  /** Rejects if the signature does not fit. */
  readonly verified: Promise<boolean>;
}

/** Loads the library, which only commands with an OpenPGP key need; sphttp's package for npm lacks it. */
async function library(): Promise<typeof import("openpgp")> {
  try {
    return await import("openpgp");
  } catch (cause) {
    throw usageError(
      "OpenPGP needs the package openpgp, which cannot be loaded: npm install openpgp, or " +
        "npx -p sphttp -p openpgp sphttp ...",
      { cause },
    );
  }
}

/** The most signatures in armor, each by itself, that are read of a file. */
const MOST_ARMORED = 16;

/** Reports whether bytes seem to be an OpenPGP key or signature: armored, or a packet of binary data. */
export function looksLikeOpenPgp(bytes: Uint8Array, text: string): boolean {
  return text.includes("-----BEGIN PGP ") || ((bytes[0] ?? 0) & 0x80) !== 0;
}

/** Reads public keys, armored ones with any text between them. Rejects with the library's error. */
export async function readOpenPgpKeys(bytes: Uint8Array, text: string): Promise<OpenPgpKey[]> {
  const { readKeys } = await library();
  const blocks = armorsIn(text, "PUBLIC KEY BLOCK");
  if (blocks.length === 0) return await readKeys({ binaryKeys: bytes }).then(publicOnes);
  const keys: Key[] = [];
  for (const armoredKeys of blocks) keys.push(...await readKeys({ armoredKeys }));
  return publicOnes(keys);
}

function publicOnes(keys: readonly Key[]): OpenPgpKey[] {
  return keys.map((key) => key.toPublic());
}

/**
 * Returns each key once, with what its copies have: one may have been renewed, and another revoked. Which comes
 * first does not matter.
 */
export async function joinCopies(keys: readonly OpenPgpKey[]): Promise<OpenPgpKey[]> {
  const joined = new Map<string, OpenPgpKey>();
  for (const key of keys) {
    const fingerprint = key.getFingerprint();
    const copy = joined.get(fingerprint);
    joined.set(fingerprint, copy === undefined ? key : await copy.update(key));
  }
  return [...joined.values()];
}

/** Where a signature is, and the keys that may have made it. */
export interface OpenPgpOptions {
  readonly where: string;
  readonly keys: readonly OpenPgpKey[];
  /** Where the keys are from, for messages. */
  readonly keyFiles: string;
  /** The time now. */
  readonly now: Date;
}

/**
 * Opens a detached signature.
 *
 * @throws {CommandError} none of the keys has made it, or none that has may be used
 * @returns `undefined` if it is no OpenPGP signature
 */
export async function openOpenPgp(
  bytes: Uint8Array,
  text: string,
  options: OpenPgpOptions,
): Promise<Signature | undefined> {
  const { createMessage, verify } = await library();
  const signature = await readSignatures(bytes, text);
  if (signature === undefined || signature.packets.length === 0) return undefined;
  const usable = await usableKeys([...signature.packets], options);
  const verifier = async (): Promise<ContentVerifier> => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const message: Message<ReadableStream<Uint8Array>> = await createMessage({ binary: readable });
    const { keys: verificationKeys } = usable;
    const verifying = verify({
      ...{ message, signature, verificationKeys, format: "binary" },
      date: options.now,
    }).then(async ({ data, signatures }) => {
      const reader = data.getReader();
      while (!(await reader.read()).done);
      await requireOne(signatures, options);
    });
    verifying.catch(() => {});
    const explained = async (work: Promise<void>) => {
      try {
        await work;
      } catch (error) {
        if (error instanceof CommandError) throw error;
        const why = `the signature ${options.where} cannot be verified: ${textOf(error)}`;
        throw badSignature(why, error);
      }
    };
    return {
      // The library reads bytes later than it takes them.
      update: (bytes) => explained(writer.write(bytes.slice())),
      finish: () => explained(Promise.all([writer.close(), verifying]).then(() => {})),
    };
  };
  return { where: options.where, signer: usable.signer, verifier };
}

/** Reads all signatures of a file, each of which may be in armor of its own; `undefined` for none. */
async function readSignatures(
  bytes: Uint8Array,
  text: string,
): Promise<SignatureList | undefined> {
  const { readSignature } = await library();
  const armors = armorsIn(text, "SIGNATURE").slice(0, MOST_ARMORED);
  const reading = armors.length === 0
    ? [readSignature({ binarySignature: bytes })]
    : armors.map((armoredSignature) => readSignature({ armoredSignature }));
  const read = await Promise.all(reading.map((one) => one.catch(() => undefined)));
  const [first, ...others] = read.flatMap((signature) => signature ?? []);
  for (const { packets } of others) first!.packets.push(...packets);
  return first;
}

/** Returns what is in armor; an expression would look for the end of one from each beginning. */
function armorsIn(text: string, what: string): string[] {
  const [first, last] = [`-----BEGIN PGP ${what}-----`, `-----END PGP ${what}-----`];
  const armors: string[] = [];
  for (let at = 0;;) {
    const start = text.indexOf(first, at);
    const end = start < 0 ? -1 : text.indexOf(last, start);
    if (end < 0) return armors;
    at = end + last.length;
    armors.push(text.slice(start, at));
  }
}

/** Reports whether a text is signed in clear. */
export function isSignedText(text: string): boolean {
  return /^-----BEGIN PGP SIGNED MESSAGE-----/m.test(text);
}

/**
 * Verifies a text that is signed in clear; returns what was signed, without anything around it.
 *
 * @throws {CommandError} it is not signed by one of the keys
 */
export async function openSignedText(
  text: string,
  options: OpenPgpOptions,
): Promise<{ readonly text: string; readonly signer: string }> {
  const { readCleartextMessage, verify } = await library();
  const { where, now } = options;
  let message: CleartextMessage;
  let packets: SignaturePacket[];
  try {
    message = await readCleartextMessage({ cleartextMessage: text });
    packets = await signaturesIn(message);
  } catch (cause) {
    throw badSignature(`the signature in ${where} cannot be read: ${textOf(cause)}`, cause);
  }
  const { keys, signer } = await usableKeys(packets, options);
  const result = await verify({ message, verificationKeys: keys, date: now });
  await requireOne(result.signatures, options);
  return { text: result.data, signer };
}

async function signaturesIn(message: CleartextMessage): Promise<SignaturePacket[]> {
  const { readSignature } = await library();
  const armored = /-----BEGIN PGP SIGNATURE-----[^]*$/.exec(message.armor())?.[0] ?? "";
  return [...(await readSignature({ armoredSignature: armored })).packets];
}

/** Succeeds if one of the signatures is that of the bytes. */
async function requireOne(
  signatures: readonly Verification[],
  { where }: OpenPgpOptions,
): Promise<void> {
  const errors: unknown[] = [];
  for (const { verified } of signatures) {
    try {
      if (await verified) return;
    } catch (error) {
      errors.push(error);
    }
  }
  const why = errors.length === 0 ? "" : `: ${errors.map(textOf).join("; ")}`;
  throw badSignature(`the signature ${where} is not of these bytes, or cannot be used${why}`);
}

/** Keys that have made signatures and are valid, and their description. */
interface UsableKeys {
  readonly keys: OpenPgpKey[];
  readonly signer: string;
}

/**
 * Returns the keys that have made one of the signatures.
 *
 * @throws {CommandError} there is none that may be used
 */
async function usableKeys(
  packets: readonly SignaturePacket[],
  { where, keys, keyFiles, now }: OpenPgpOptions,
): Promise<UsableKeys> {
  const usable: OpenPgpKey[] = [];
  const signers: string[] = [];
  const problems: string[] = [];
  for (const packet of packets) {
    const key = keys.find((key) => key.getKeys(packet.issuerKeyID).length > 0);
    if (key === undefined) continue;
    const signer = describe(key);
    const problem = await problemOf(key, packet, now);
    if (problem === undefined) {
      usable.push(key);
      signers.push(signer);
    } else problems.push(problem.replace("KEY", () => `key ${signer}`));
  }
  if (usable.length > 0) {
    return { keys: usable, signer: `key ${[...new Set(signers)].join(", ")}` };
  }
  if (problems.length > 0) {
    throw badSignature(`the signature ${where} is not accepted: ${problems[0]}`);
  }
  const issuers = packets.map(({ issuerKeyID }) => issuerKeyID.toHex().toUpperCase());
  throw badSignature(
    `the signature ${where} was made by key ${issuers.join(", ")}, which is not in ${keyFiles}`,
  );
}

/** Returns why a signature by a key is not accepted; "KEY" stands for the key. */
async function problemOf(
  key: OpenPgpKey,
  packet: SignaturePacket,
  now: Date,
): Promise<string | undefined> {
  const { issuerKeyID, created, hashAlgorithm } = packet;
  if (await key.isRevoked(undefined, undefined, now)) return "its KEY was revoked";
  const expiry = await key.getExpirationTime();
  if (expiry === null) return "its KEY has no valid signature of its own";
  if (expiry instanceof Date && expiry <= now) {
    return `its KEY expired on ${dayOf(expiry)}; ${RENEW}`;
  }
  const [subkey] = key.getSubkeys(issuerKeyID);
  if (subkey !== undefined) {
    const isValid = await subkey.verify(now).then(() => true, () => false);
    const end = await subkey.getExpirationTime();
    if (!isValid && end instanceof Date && end <= now) {
      return `the subkey of its KEY expired on ${dayOf(end)}; ${RENEW}`;
    }
    if (!isValid) {
      const isRevoked = subkey.revocationSignatures.length > 0;
      return `the subkey of its KEY ${isRevoked ? "was revoked" : "is not valid"}`;
    }
  }
  const unfit = await key.getSigningKey(issuerKeyID, now).then(() => undefined, textOf);
  if (unfit !== undefined) return `its KEY cannot be used: ${unfit}`;
  const { config, enums } = await library();
  if (hashAlgorithm !== null && config.rejectMessageHashAlgorithms.has(hashAlgorithm)) {
    return `it is over a hash of ${enums.read(enums.hash, hashAlgorithm)}, which can be forged`;
  }
  if (created === null) return "it has no date";
  if (created > now) {
    return `it is of ${dayOf(created)}, which is in the future; is the clock right?`;
  }
  const { signatureNeverExpires, signatureExpirationTime } = packet;
  if (signatureNeverExpires || signatureExpirationTime === null) return undefined;
  const end = new Date(created.getTime() + signatureExpirationTime * 1000);
  return end <= now ? `it expired on ${dayOf(end)}` : undefined;
}

const RENEW = "the publisher may have a renewed one";

/** Returns the fingerprint of a key with the name of its owner. */
function describe(key: OpenPgpKey): string {
  const [userId] = key.getUserIDs();
  const fingerprint = key.getFingerprint().toUpperCase();
  return userId === undefined
    ? fingerprint
    : `${fingerprint} (${truncate(printable(userId), 100)})`;
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function textOf(error: unknown): string {
  return truncate(printable(error instanceof Error ? error.message : String(error)), 200);
}
