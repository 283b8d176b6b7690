import { assertEquals, assertThrows } from "@std/assert";
import { ProofError } from "../../../lib/errors.ts";
import { lateProblem, openProof } from "../../../lib/engine/memory/open_proof.ts";
import type { FileInfo } from "../../../lib/engine/memory/known_file.ts";

const A = "http://a/f";
const B = "http://b/f";
const INFO: FileInfo = {
  size: 10,
  contentType: undefined,
  etag: '"1"',
  lastModified: undefined,
  mirrors: [A, B],
};
const WHOLE = { start: 0, end: undefined, requireProof: "size" } as const;

/** What the transport knows of mirrors with these ETags. */
function known(...etags: readonly string[]) {
  return etags.map((etag, index) => ({
    url: [A, B][index]!,
    location: undefined,
    validators: { etag, lastModified: undefined, strong: etag },
  }));
}

Deno.test("openProof() knows the ETag of each mirror, and of a lone one without ranges", () => {
  const proof = (info: FileInfo, ...etags: readonly string[]) =>
    openProof(info, WHOLE, { digest: "d", knownMirrors: known(...etags) });
  assertEquals(proof(INFO, '"1"', '"1"'), "tags");
  assertEquals(proof(INFO, '"1"', '"2"'), "bytes");
  assertEquals(proof(INFO, '"1"'), "bytes");
  assertEquals(proof({ ...INFO, mirrors: [A] }), "tags");
  assertEquals(proof({ ...INFO, size: undefined }, '"1"', '"1"'), "size");
});

Deno.test("openProof() names what each mirror has if that is less than is required", () => {
  const required = { ...WHOLE, requireProof: "tags" } as const;
  const facts = { digest: "d", knownMirrors: known('"1"', '"2"') };
  const error = assertThrows(() => openProof(INFO, required, facts), ProofError);
  assertEquals(error.mirrors, [{ mirror: A, etag: '"1"' }, { mirror: B, etag: '"2"' }]);
});

Deno.test("lateProblem(): where tags are required, a late mirror needs the same one", () => {
  const tags = { ...WHOLE, requireProof: "tags" } as const;
  const open = { ...INFO, proof: "tags" } as const;
  assertEquals(lateProblem(tags, open, '"1"'), undefined);
  assertEquals(
    lateProblem(tags, open, '"2"'),
    'does not prove that it has the file: its ETag is "2", not "1"',
  );
  assertEquals(lateProblem(tags, open, undefined)?.includes("missing"), true);
  assertEquals(lateProblem(tags, undefined, '"2"'), undefined);
  assertEquals(lateProblem(tags, { ...INFO, proof: "digest" }, '"2"'), undefined);
  assertEquals(lateProblem(WHOLE, open, '"2"'), undefined);
});
