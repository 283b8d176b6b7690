import { assertEquals, assertThrows } from "@std/assert";
import { Verification } from "../../../lib/engine/delivery/verification.ts";
import { DigestMismatchError } from "../../../lib/errors.ts";
import { sha256Of } from "../../../lib/hashing/platform_hash.ts";

const BYTES = new TextEncoder().encode("a film of a few bytes");
const RIGHT = await sha256Of(BYTES);
const EMPTY = await sha256Of(new Uint8Array());
const WRONG = "0".repeat(64);

/** Passes the bytes in parts; returns how many were taken. */
function pass(hashes: Record<string, string>, size: number | undefined): number {
  const verification = Verification.of({ size, hashes });
  let taken = 0;
  try {
    for (let at = 0; at < BYTES.length; at += 5) {
      verification.take(BYTES.subarray(at, at + 5));
      taken = Math.min(BYTES.length, at + 5);
    }
    verification.take(undefined);
  } catch (error) {
    throw Object.assign(error as Error, { taken });
  }
  return taken;
}

Deno.test("Verification: the bytes of the file pass", () => {
  for (const size of [BYTES.length, undefined]) {
    assertEquals(pass({ "sha-256": RIGHT }, size), BYTES.length);
    assertEquals(pass({}, size), BYTES.length);
  }
});

Deno.test("Verification: the last bytes of another file do not pass, as far as they are known", () => {
  const table = [[BYTES.length, 20], [undefined, BYTES.length]] as const;
  for (const [size, taken] of table) {
    const error = assertThrows(() => pass({ "sha-256": WRONG }, size), DigestMismatchError);
    assertEquals((error as DigestMismatchError & { taken: number }).taken, taken);
    assertEquals([error.type, error.expected, error.actual], ["sha-256", WRONG, RIGHT]);
  }
});

Deno.test("Verification: SHA-256 is preferred to stronger hashes, and an empty file has a hash, too", () => {
  assertEquals(pass({ "sha-512": WRONG.repeat(2), "sha-256": RIGHT }, BYTES.length), BYTES.length);
  const empty = Verification.of({ size: 0, hashes: { "sha-256": RIGHT } });
  assertThrows(() => empty.take(undefined), DigestMismatchError);
});

Deno.test("Verification: the end may be asked for again", () => {
  for (const size of [undefined, 0]) {
    const bytes = size === undefined ? BYTES : new Uint8Array();
    const verification = Verification.of({
      size,
      hashes: { "sha-256": size === 0 ? EMPTY : RIGHT },
    });
    verification.take(bytes);
    for (let times = 0; times < 3; times++) verification.take(undefined);
  }
});
