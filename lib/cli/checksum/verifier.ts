/**
 * Verifies checksums of a file while its bytes pass through.
 *
 * @module
 */

import type { Hash } from "node:crypto";
import { CommandError } from "../../command_line/command_error.ts";
import { ExitCode } from "../failure/exit_code.ts";
import type { Checksum } from "./digest.ts";

/** Computes checksums and compares them with the expected ones. */
export class ChecksumVerifier {
  readonly #checks: readonly { checksum: Checksum; hash: Hash }[];

  private constructor(checks: readonly { checksum: Checksum; hash: Hash }[]) {
    this.#checks = checks;
  }

  /** Creates a verifier. Loads `node:crypto` on demand, because that takes a while. */
  static async of(checksums: readonly Checksum[]): Promise<ChecksumVerifier> {
    const { createHash } = await import("node:crypto");
    return new ChecksumVerifier(
      checksums.map((checksum) => ({ checksum, hash: createHash(checksum.algorithm) })),
    );
  }

  /** Takes the next bytes of the file. */
  update(bytes: Uint8Array): void {
    for (const { hash } of this.#checks) hash.update(bytes);
  }

  /**
   * Compares the checksums at the end of the file.
   *
   * @throws {CommandError} a checksum differs; `after` is added to the message
   */
  verify(after = ""): void {
    for (const { checksum: { name, hex }, hash } of this.#checks) {
      const got = hash.digest("hex");
      if (got === hex) continue;
      throw new CommandError(
        ExitCode.CHECKSUM,
        `the ${name} checksum does not match${after}\n  expected ${hex}\n  got      ${got}`,
      );
    }
  }
}
