/**
 * Makes OpenPGP keys and signatures for tests.
 *
 * @module
 */

import * as openpgp from "openpgp";

const DAY_S = 24 * 3600;

/** Returns a time so many days before now. */
export function daysAgo(days: number): Date {
  return new Date(Date.now() - days * DAY_S * 1000);
}

export interface KeyOptions {
  /** When it was made, in days before now. */
  readonly age?: number;
  /** How long it is valid, in days. */
  readonly validFor?: number;
  /** Whether a subkey signs. */
  readonly subkey?: boolean;
  /** How long that is valid, in days. */
  readonly subkeyFor?: number;
  /** Whether it is so short that it can be broken. */
  readonly weak?: boolean;
}

/** Makes a pair of keys. */
export async function makeKey(
  { age = 30, validFor, subkey = false, subkeyFor, weak = false }: KeyOptions = {},
) {
  const { privateKey, publicKey } = await openpgp.generateKey({
    // What GnuPG 2 knows.
    ...weak
      ? { type: "rsa", rsaBits: 1024, config: { minRSABits: 1024 } } as const
      : { type: "ecc", curve: "ed25519Legacy" } as const,
    userIDs: [{ name: "A Publisher", email: "keys@publisher.example" }],
    date: daysAgo(age),
    keyExpirationTime: validFor === undefined ? 0 : validFor * DAY_S,
    subkeys: subkey ? [{ sign: true, keyExpirationTime: (subkeyFor ?? 0) * DAY_S }] : [],
    format: "object",
  });
  return { privateKey, publicKey, armored: publicKey.armor() };
}

export type KeyPair = Awaited<ReturnType<typeof makeKey>>;

/** Makes a detached signature, in armor. */
export async function sign(
  content: Uint8Array | string,
  { privateKey }: KeyPair,
  date: Date = new Date(),
): Promise<string> {
  const binary = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const message = await openpgp.createMessage({ binary });
  const config = { minRSABits: 1024 };
  return await openpgp.sign({ message, signingKeys: privateKey, detached: true, date, config });
}

/** Makes a text that is signed in clear. */
export async function signText(text: string, { privateKey }: KeyPair): Promise<string> {
  const message = await openpgp.createCleartextMessage({ text });
  return await openpgp.sign({ message, signingKeys: privateKey });
}

/** Returns the public key, revoked, in armor. */
export async function revoked({ privateKey }: KeyPair): Promise<string> {
  const { publicKey } = await openpgp.revokeKey({ key: privateKey, format: "armored" });
  return publicKey;
}

/** Returns the public key, whose subkey is revoked, in armor. */
export async function withoutSubkey({ privateKey }: KeyPair): Promise<string> {
  const key = await openpgp.readPrivateKey({ armoredKey: privateKey.armor() });
  const primary = key.keyPacket as openpgp.SecretKeyPacket;
  key.subkeys = await Promise.all(key.subkeys.map((subkey) => subkey.revoke(primary)));
  return key.toPublic().armor();
}

/** Returns the public key, renewed so that it does not expire, in armor. */
export async function renewed({ privateKey }: KeyPair): Promise<string> {
  const { publicKey } = await openpgp.reformatKey({
    ...{ privateKey, userIDs: [{ name: "A Publisher", email: "keys@publisher.example" }] },
    ...{ keyExpirationTime: 0, format: "armored" },
  });
  return publicKey;
}

/** Returns the bytes in armor. */
export async function unarmored(text: string): Promise<Uint8Array> {
  const { data } = await openpgp.unarmor(text);
  return await new Response(data as unknown as BodyInit).bytes();
}
