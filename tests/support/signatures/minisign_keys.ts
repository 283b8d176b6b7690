/**
 * Makes keys and signatures of minisign for tests.
 *
 * @module
 */

import { createHash } from "node:crypto";

export interface MinisignPair {
  readonly publicFile: string;
  /** The key alone. */
  readonly publicKey: string;
  sign(content: Uint8Array, options?: SignOptions): Promise<string>;
}

export interface SignOptions {
  readonly legacy?: boolean;
  readonly comment?: string;
}

/** Makes a pair of keys with an ID of one repeated byte. */
export async function makeMinisignKey(idByte = 7): Promise<MinisignPair> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const { privateKey, publicKey } = pair as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  const id = new Array<number>(8).fill(idByte);
  const letters = (text: string) => [...new TextEncoder().encode(text)];
  const encoded = new Uint8Array([...letters("Ed"), ...id, ...raw]).toBase64();
  const raw64 = async (content: Uint8Array<ArrayBuffer>) =>
    new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, content));
  return {
    publicKey: encoded,
    publicFile: `untrusted comment: minisign public key\n${encoded}\n`,
    sign: async (content, { legacy = false, comment = "timestamp:1" } = {}) => {
      const signed = legacy
        ? content.slice()
        : new Uint8Array(createHash("blake2b512").update(content).digest());
      const signature = await raw64(signed);
      const algorithm = letters(legacy ? "Ed" : "ED");
      const all = await raw64(new Uint8Array([...signature, ...letters(comment)]));
      return [
        "untrusted comment: signature",
        new Uint8Array([...algorithm, ...id, ...signature]).toBase64(),
        `trusted comment: ${comment}`,
        `${all.toBase64()}\n`,
      ].join("\n");
    },
  };
}
