/**
 * Signatures of a command's checksum files, and of its files themselves: those that the user names, or
 * those beside what they sign.
 *
 * @module
 */

import { CommandError } from "../../../command_line/command_error.ts";
import { fileNameInUrl } from "../../../http/name/file_name.ts";
import type { SignatureArguments } from "../../arguments/signature_flags.ts";
import { besideUrl, withoutQuery } from "../../checksum/checksum_search.ts";
import { type Document, MissingDocument, readDocument } from "../../document/document.ts";
import { ExitCode } from "../../failure/exit_code.ts";
import { baseName } from "../../part/path.ts";
import type { Signature } from "../../signature/content_verifier.ts";
import { SignatureKeys } from "../../signature/signature_keys.ts";
import type { DocumentKind, Documents, ReadBeside } from "./documents.ts";

/** The most mirrors that are asked for the signature of a file. */
const MIRRORS = 3;

const KIND: DocumentKind = { flag: "--signature", what: "a signature", maxLength: 1024 * 1024 };

export class SignedDocuments {
  readonly #keys: SignatureKeys;
  /** The signature that the user names. */
  readonly #named: Document | undefined;
  /** Who has signed documents that were verified. */
  readonly #signers = new WeakMap<Document, string>();
  /** Documents that are verified, or are being. */
  readonly #verified = new WeakMap<Document, Promise<Document>>();

  private constructor(keys: SignatureKeys, named: Document | undefined) {
    this.#keys = keys;
    this.#named = named;
  }

  /** Reads the keys, and the signature if the user names one. Rejects with an error of the command. */
  static async of(
    { source, keys }: SignatureArguments,
    documents: Documents,
  ): Promise<SignedDocuments> {
    const own = await SignatureKeys.of(keys);
    const named = source === undefined ? undefined : await documents.named(source, KIND);
    return new SignedDocuments(own, named);
  }

  /** Reports whether the signature that the user names is, by its name, that of a file with these URLs. */
  isOfFile(urls: readonly string[]): boolean {
    if (this.#named === undefined) return false;
    const { url, where } = this.#named;
    const name = url === undefined ? baseName(where) : fileNameInUrl(url);
    return this.#keys.endings.some((ending) =>
      name.endsWith(ending) &&
      urls.some((url) => fileNameInUrl(url) === name.slice(0, -ending.length))
    );
  }

  /** Returns who has signed a document that {@linkcode requireSigned} has returned. */
  signerOf(document: Document): string | undefined {
    return this.#signers.get(document);
  }

  /**
   * Returns what is signed of a document: all of it, or a part where it is signed in clear. Rejects with
   * exit code 32 if its signature is wrong, and as for a document that cannot be used if it has none.
   */
  async requireSigned(document: Document, beside: ReadBeside): Promise<Document> {
    const verifying = this.#verified.get(document) ?? this.#requireSigned(document, beside);
    this.#verified.set(document, verifying);
    return await verifying;
  }

  /**
   * Returns the signature of a file: the one that the user names, that in its Metalink, or the first that
   * is beside it on a mirror. Rejects with an error of the command if there is none, or none of the keys has made it.
   */
  async signatureOf(
    urls: readonly string[],
    beside: ReadBeside,
    embedded: string | undefined,
  ): Promise<Signature> {
    if (this.#named !== undefined) return await this.#keys.open(this.#named);
    if (embedded !== undefined) {
      const bytes = new TextEncoder().encode(embedded);
      const where = "in the Metalink";
      return await this.#keys.open({ bytes, where, url: undefined, source: "" });
    }
    const places = [...new Set(urls.map(withoutQuery))].slice(0, MIRRORS);
    const errors: CommandError[] = [];
    for (const place of places) {
      const own = besideUrl(place, "*");
      if (own === undefined) continue;
      const found = await this.#openFirst(own, (name) => beside(name, KIND), errors);
      if (found !== undefined) return found;
    }
    if (errors.length > 0) throw worst(errors);
    throw new CommandError(
      ExitCode.STATUS,
      `no signature was found beside the file (FILE with ${this.#keys.endings.join(", ")})\n` +
        "if the publisher signs a list of checksums, add --checksum-from auto or --checksum-file",
    );
  }

  async #requireSigned(document: Document, beside: ReadBeside): Promise<Document> {
    const clear = await this.#keys.openText(document);
    if (clear !== undefined) {
      const signed = { ...document, bytes: clear.bytes };
      this.#signers.set(signed, clear.signer);
      return signed;
    }
    const signature = this.#named === undefined
      ? await this.#signatureBeside(document, beside)
      : await this.#keys.open(this.#named);
    const verifier = await signature.verifier();
    await verifier.update(document.bytes);
    await verifier.finish();
    this.#signers.set(document, signature.signer);
    return document;
  }

  async #signatureBeside({ where, url, source }: Document, beside: ReadBeside): Promise<Signature> {
    const errors: CommandError[] = [];
    const read = url === undefined ? readIfThere : (name: string) => beside(name, KIND);
    const base = url === undefined ? source : withoutQuery(source);
    const found = await this.#openFirst(base, read, errors);
    if (found !== undefined) return found;
    if (errors.length > 0) throw worst(errors);
    throw new CommandError(
      url === undefined ? ExitCode.USAGE : ExitCode.RECEIVE,
      `${where} has no signature: neither in it, nor in a file with ${
        this.#keys.endings.join(", ")
      } beside it`,
    );
  }

  /** Opens the first signature with one of the endings that can be; collects errors of others. */
  async #openFirst(
    base: string,
    read: (name: string) => Promise<Document>,
    errors: CommandError[],
  ): Promise<Signature | undefined> {
    const opened = await Promise.all(this.#keys.endings.map(async (ending) => {
      try {
        return await this.#keys.open(await read(base + ending));
      } catch (error) {
        if (error instanceof CommandError) return error;
        if (error instanceof MissingDocument) return undefined;
        throw error;
      }
    }));
    const signatures: Signature[] = [];
    for (const one of opened) {
      if (one instanceof CommandError) errors.push(one);
      else if (one !== undefined) signatures.push(one);
    }
    return signatures[0];
  }
}

/** Reads a local file. Rejects with a {@linkcode MissingDocument} if there is none. */
async function readIfThere(path: string): Promise<Document> {
  try {
    await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new MissingDocument();
  }
  return await readDocument(path, { ...KIND, options: {} });
}

/** Returns the error that says most: a signature that proves nothing, before one that cannot be read. */
function worst(errors: readonly CommandError[]): CommandError {
  return errors.find(({ exitCode }) => exitCode === ExitCode.CHECKSUM) ?? errors[0]!;
}
