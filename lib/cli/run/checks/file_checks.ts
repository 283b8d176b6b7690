/**
 * What the user names to check files by: a checksum file, local or on a server, one beside the file on
 * its mirrors, and signatures of either.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../../mod.ts";
import type { DownloadArguments } from "../../arguments/download_arguments.ts";
import type { Checksum } from "../../checksum/checksum.ts";
import { checksumIn, MAX_CHECKSUM_FILE } from "../../checksum/checksum_file.ts";
import { searchChecksums } from "../../checksum/checksum_search.ts";
import type { Document } from "../../document/document.ts";
import { type Abortable, type DocumentKind, Documents, type ReadBeside } from "./documents.ts";
import type { Checks, FindChecks } from "./checks.ts";
import type { SignedDocuments } from "./signed_documents.ts";

/**
 * Reads what a command names to check its files by; returns `undefined` if it names nothing. Rejects with
 * an error of the command if it cannot be read, or is not signed as it should be.
 *
 * @param mirrors URLs of the file, or of the Metalink that lists the files
 */
export async function fileChecks(
  command: DownloadArguments,
  options: Abortable,
  mirrors: readonly string[],
): Promise<FileChecks | undefined> {
  const { checksumFile, findsChecksums, signature, login, mirrorList } = command;
  if (checksumFile === undefined && !findsChecksums && signature === undefined) return undefined;
  // The mirrors of a list are named by it, not by the user.
  const named = mirrorList === undefined ? mirrors : [mirrorList.source];
  const documents = new Documents(login, options, named);
  const signed = signature && await signaturesOf(signature, documents);
  if (checksumFile === undefined) return new FileChecks({ documents, findsChecksums, signed });
  const found = await documents.named(checksumFile, kindOf("--checksum-file"));
  const isSigned = signed !== undefined && !signed.isOfFile(mirrors);
  const document = isSigned ? await signed.requireSigned(found, documents.besideNamed) : found;
  return new FileChecks({ documents, document, findsChecksums, signed });
}

interface CheckSources {
  readonly documents: Documents;
  /** The checksum file. */
  readonly document?: Document | undefined;
  readonly findsChecksums: boolean;
  readonly signed: SignedDocuments | undefined;
}

export class FileChecks {
  readonly #sources: CheckSources;

  constructor(sources: CheckSources) {
    this.#sources = sources;
  }

  /**
   * Returns the checksum of a file in the checksum file.
   *
   * @param names names that the file may have, the likeliest first
   * @throws {CommandError} there is none
   */
  listed(names: readonly string[]): Checksum[] {
    const { document } = this.#sources;
    return document === undefined ? [] : [checksumIn(document, names.filter(Boolean))];
  }

  /**
   * Returns what finds further checks of a file, if there may be some.
   *
   * @param options those of the file
   * @param embedded the signature in its Metalink
   */
  finder(
    urls: readonly string[],
    names: readonly string[],
    options: DownloaderOptions,
    embedded?: string,
  ): FindChecks | undefined {
    const { document, documents, findsChecksums, signed } = this.#sources;
    if (!findsChecksums && signed === undefined) return undefined;
    return async (note) => {
      const beside = documents.beside(options, urls.length > 1);
      const checksums = findsChecksums ? await this.#search(urls, names, beside, note) : [];
      const listed = document !== undefined || findsChecksums;
      if (signed === undefined || (listed && !signed.isOfFile(urls))) {
        const signer = document && signed?.signerOf(document);
        if (signer !== undefined) note(signedBy(document!, signer));
        return { checksums, signature: undefined };
      }
      return { checksums, signature: await signed.signatureOf(urls, beside, embedded) };
    };
  }

  async #search(
    urls: readonly string[],
    names: readonly string[],
    beside: ReadBeside,
    note: (text: string) => void,
  ): Promise<Checks["checksums"]> {
    const { signed } = this.#sources;
    const checked = signed !== undefined && !signed.isOfFile(urls) ? signed : undefined;
    const read = async (url: string) => {
      const document = await beside(url, kindOf("--checksum-from"));
      return checked === undefined ? document : await checked.requireSigned(document, beside);
    };
    const found = await searchChecksums({ urls, names: names.filter(Boolean), read });
    for (const { checksum, document } of found) {
      note(`the ${checksum.name} checksum is that in ${document.where}`);
      const signer = checked?.signerOf(document);
      if (signer !== undefined) note(signedBy(document, signer));
    }
    return found.map(({ checksum }) => checksum);
  }
}

function signedBy({ where }: Document, signer: string): string {
  return `${where} is signed by ${signer}`;
}

async function signaturesOf(
  signature: NonNullable<DownloadArguments["signature"]>,
  documents: Documents,
): Promise<SignedDocuments> {
  const { SignedDocuments } = await import("./signed_documents.ts");
  return await SignedDocuments.of(signature, documents);
}

function kindOf(flag: string): DocumentKind {
  return { flag, what: "a checksum file", maxLength: MAX_CHECKSUM_FILE };
}
