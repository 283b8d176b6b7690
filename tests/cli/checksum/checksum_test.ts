import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { checksumOf, ChecksumVerifier } from "../../../lib/cli/checksum/checksum.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import type { HashType } from "../../../lib/http/hashes.ts";

const FILE = new Uint8Array(2_500_000).map((_, index) => index % 251);

function right(type: HashType) {
  return checksumOf(type, createHash(type.replace("-", "")).update(FILE).digest("hex"));
}

// A large file is hashed on a thread of its own.
for (const [kind, size] of [["a file", FILE.length], ["a large file", Infinity]] as const) {
  const verify = async (checksums: Parameters<typeof ChecksumVerifier.of>[0]) => {
    await using verifier = await ChecksumVerifier.of(checksums, size);
    for (let at = 0; at < FILE.length; at += 400_000) {
      await verifier.update(FILE.subarray(at, at + 400_000));
    }
    await verifier.verify("; so there");
  };

  Deno.test(`ChecksumVerifier: ${kind} fits all of its checksums`, async () => {
    await verify([right("sha-256"), right("md5")]);
    await verify([]);
  });

  Deno.test(`ChecksumVerifier: ${kind} that does not fit one of them is another one`, async () => {
    const wrong = checksumOf("sha-1", "0".repeat(40));
    const error = await assertRejects(() => verify([right("sha-256"), wrong]), CommandError);
    const [first, expected, got] = error.message.split("\n");
    assertEquals(error.exitCode, 32);
    assertEquals(first, "the sha-1 checksum does not match; so there");
    assertEquals(expected!.trim(), `expected ${wrong.hex}`);
    assertEquals(got!.trim(), `got      ${right("sha-1").hex}`);
  });
}
