import { assertEquals, assertThrows } from "@std/assert";
import { checkKnownPiece } from "../../../lib/engine/memory/known_pieces.ts";
import { OptionTypeError } from "../../../lib/option_errors.ts";

Deno.test("checkKnownPiece() names what is wrong", () => {
  const piece = { start: 5, end: 10, sha256: "AB".repeat(32) };
  assertEquals(checkKnownPiece("p", piece), { ...piece, sha256: "ab".repeat(32) });
  const wrong: [object, string][] = [
    [{ ...piece, start: -1 }, "p.start"],
    [{ ...piece, end: 5 }, "p.end"],
    [{ ...piece, end: 2_000_000 }, "p.end"],
    [{ ...piece, sha256: "abc" }, "p.sha256"],
  ];
  for (const [value, name] of wrong) assertThrows(() => checkKnownPiece("p", value), Error, name);
  assertThrows(() => checkKnownPiece("p", { ...piece, sha256: 5 }), OptionTypeError, "is 5");
});
