import { assertEquals } from "@std/assert";
import { PROOF_LEVELS, type ProofFacts, proofOf, reaches } from "../../lib/http/proof.ts";

const BASE: ProofFacts = {
  hasPieces: false,
  isWhole: true,
  hashes: {},
  etags: [undefined, undefined],
  isCompared: true,
};

Deno.test("proofOf() returns the strongest level that the facts reach", () => {
  const sha256 = { "sha-256": "a" };
  const table: readonly (readonly [Partial<ProofFacts>, string])[] = [
    [{}, "bytes"],
    [{ isCompared: false }, "size"],
    [{ etags: ['"a"', '"a"'] }, "tags"],
    [{ etags: ['"a"', '"b"'] }, "bytes"],
    [{ etags: ['"a"', undefined] }, "bytes"],
    [{ etags: ['W/"a"', 'W/"a"'] }, "bytes"],
    [{ etags: ['"a"'] }, "tags"],
    [{ etags: [] }, "bytes"],
    [{ etags: ['"a"', '"a"'], isCompared: false }, "size"],
    [{ hashes: sha256 }, "digest"],
    [{ hashes: { md5: "a", "sha-1": "b" } }, "bytes"],
    [{ hashes: sha256, isWhole: false }, "bytes"],
    [{ hashes: sha256, hasPieces: true, isWhole: false }, "pieces"],
  ];
  for (const [facts, level] of table) assertEquals(proofOf({ ...BASE, ...facts }), level);
});

Deno.test("reaches(): a level is worth itself and all that follow", () => {
  for (const [index, level] of PROOF_LEVELS.entries()) {
    assertEquals(
      PROOF_LEVELS.filter((required) => reaches(level, required)),
      PROOF_LEVELS.slice(index),
    );
  }
});
