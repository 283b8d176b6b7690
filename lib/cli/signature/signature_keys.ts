/**
 * The keys that a user trusts, and the signatures by them. Keys are files of the user, or a key of
 * minisign itself; none is ever downloaded.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { looksLikeHtml } from "../../http/name/html.ts";
import { type Document, isUrl, readDocument } from "../document/document.ts";
import { badSignature, type Signature, unreadable } from "./content_verifier.ts";
import { looksLikeMinisign, type MinisignKey, openMinisign, parseMinisignKey } from "./minisign.ts";
import {
  isSignedText,
  joinCopies,
  looksLikeOpenPgp,
  openOpenPgp,
  type OpenPgpKey,
  openSignedText,
  readOpenPgpKeys,
} from "./openpgp.ts";

const FLAG = "--signature-key";
/** Key rings of distributions have a few hundred kilobytes. */
const MAX_KEYS = 16 * 1024 * 1024;

export class SignatureKeys {
  readonly #openpgp: readonly OpenPgpKey[];
  readonly #minisign: readonly MinisignKey[];
  readonly #files: string;

  private constructor(
    openpgp: readonly OpenPgpKey[],
    minisign: readonly MinisignKey[],
    files: string,
  ) {
    this.#openpgp = openpgp;
    this.#minisign = minisign;
    this.#files = files;
  }

  /** Reads the values of `--signature-key`. Rejects with a usage error if one is no public key. */
  static async of(sources: readonly string[]): Promise<SignatureKeys> {
    const openpgp: OpenPgpKey[] = [];
    const minisign: MinisignKey[] = [];
    for (const source of sources) {
      if (isUrl(source)) {
        throw usageError(
          `${FLAG} ${source}: keys are not downloaded; save the key, and compare its fingerprint ` +
            "with the publisher's",
        );
      }
      const given = await parseMinisignKey(source);
      if (given !== undefined) {
        minisign.push(given);
        continue;
      }
      const what = "a file of keys";
      const { bytes } = await readDocument(source, {
        ...{ flag: FLAG, what, maxLength: MAX_KEYS, options: {} },
      });
      const text = new TextDecoder().decode(bytes);
      if (/BEGIN PGP PRIVATE KEY|encrypted secret key/.test(text)) {
        throw usageError(`${FLAG}: ${source} is a private key; the public one is needed`);
      }
      const key = await parseMinisignKey(text);
      if (key !== undefined) minisign.push(key);
      else openpgp.push(...await openPgpKeys(bytes, text, source));
    }
    const names = sources.map((source) => /^RW\S{54}$/.test(source) ? FLAG : source);
    return new SignatureKeys(await joinCopies(openpgp), minisign, [...new Set(names)].join(", "));
  }

  /** How the names of signatures by these keys end, the likeliest first. */
  get endings(): readonly string[] {
    return [
      ...this.#openpgp.length > 0 ? [".asc", ".sig", ".gpg", ".sign"] : [],
      ...this.#minisign.length > 0 ? [".minisig"] : [],
    ];
  }

  /**
   * Opens a detached signature. Rejects with an error of the command if it is none, or if none of the keys
   * has made it.
   */
  async open(document: Document): Promise<Signature> {
    const { bytes, where } = document;
    const text = new TextDecoder().decode(bytes);
    if (looksLikeHtml(bytes)) throw unreadable(document, "is a web page, not a signature");
    if (isSignedText(text)) {
      throw unreadable(document, "is a signed text, not a signature of another file");
    }
    const opened = looksLikeMinisign(text)
      ? await openMinisign(text, where, this.#minisign, this.#files)
      : looksLikeOpenPgp(bytes, text)
      ? await openOpenPgp(bytes, text, this.#openPgpOptions(where))
      : undefined;
    if (opened !== undefined) return opened;
    throw unreadable(document, "is not a signature of OpenPGP or minisign");
  }

  /**
   * Returns a text that is signed in clear, verified; `undefined` if it is not signed so. Rejects with an
   * error of the command if the signature does not fit.
   */
  async openText(
    { bytes, where }: Document,
  ): Promise<{ readonly bytes: Uint8Array; readonly signer: string } | undefined> {
    const text = new TextDecoder().decode(bytes);
    if (!isSignedText(text)) return undefined;
    const opened = await openSignedText(text, this.#openPgpOptions(where));
    return { bytes: new TextEncoder().encode(opened.text), signer: opened.signer };
  }

  #openPgpOptions(where: string) {
    if (this.#openpgp.length === 0) {
      throw badSignature(
        `the signature ${where} is of OpenPGP, but ${this.#files} has keys of minisign only`,
      );
    }
    return { where, keys: this.#openpgp, keyFiles: this.#files, now: new Date() };
  }
}

async function openPgpKeys(
  bytes: Uint8Array,
  text: string,
  source: string,
): Promise<OpenPgpKey[]> {
  if (!looksLikeOpenPgp(bytes, text)) {
    throw usageError(`${FLAG}: ${source} is not a public key of OpenPGP or minisign`);
  }
  try {
    const keys = await readOpenPgpKeys(bytes, text);
    if (keys.length > 0) return keys;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw usageError(`${FLAG}: ${source} cannot be read: ${why}`, { cause });
  }
  throw usageError(`${FLAG}: ${source} has no public keys`);
}
