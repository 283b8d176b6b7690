/**
 * Verifies the bytes of a file while they pass, by its checksums and its signature.
 *
 * @module
 */

import { CommandError } from "../../../command_line/command_error.ts";
import { ChecksumVerifier } from "../../checksum/checksum.ts";
import type { ContentVerifier } from "../../signature/content_verifier.ts";
import type { Checks } from "./checks.ts";

export class FileVerifier implements AsyncDisposable {
  readonly #checksums: ChecksumVerifier;
  readonly #signature: ContentVerifier | undefined;

  private constructor(checksums: ChecksumVerifier, signature: ContentVerifier | undefined) {
    this.#checksums = checksums;
    this.#signature = signature;
  }

  /** Creates a verifier of a file of `size` bytes, as far as that is known. */
  static async of({ checksums, signature }: Checks, size?: number): Promise<FileVerifier> {
    const verifier = await ChecksumVerifier.of(checksums, size);
    return new FileVerifier(verifier, await signature?.verifier());
  }

  /** Takes the next bytes of the file, which may change once this is done. */
  async update(bytes: Uint8Array): Promise<void> {
    await this.#checksums.update(bytes);
    await this.#signature?.update(bytes);
  }

  /** Ends the file. Rejects with exit code 32 if it is another one; `after` is added to the message. */
  async verify(after = ""): Promise<void> {
    await this.#checksums.verify(after);
    try {
      await this.#signature?.finish();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      throw new CommandError(error.exitCode, error.message + after, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#checksums[Symbol.asyncDispose]();
  }
}
