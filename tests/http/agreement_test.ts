import { assertEquals } from "@std/assert";
import { agree, type Agreement, type FileFacts } from "../../lib/http/agreement.ts";

interface Answer extends FileFacts {
  readonly mirror: number;
}

/** Answers of mirrors 0, 1, 2, … as pairs of size and digest. */
function answers(
  ...said: readonly (readonly [number | undefined, (string | undefined)?])[]
): Answer[] {
  return said.map(([size, digest], mirror) => ({ mirror, size, digest }));
}

/** The outcome in short: its type, or size, digest and who agrees. */
function short(agreement: Agreement<Answer>): unknown {
  if (agreement.type !== "agreed") return agreement.type;
  const { size, digest, agreeing } = agreement;
  return [size, digest, agreeing.map(({ mirror }) => mirror).join("")];
}

Deno.test("agree(): the majority wins, and a tie has no winner", () => {
  const table = [
    [answers([10]), [10, undefined, "0"]],
    [answers([10], [10]), [10, undefined, "01"]],
    [answers([10], [11]), "tie"],
    [answers([10], [11], [11]), [11, undefined, "12"]],
    [answers([10], [11], [12]), "tie"],
    [answers([10], [11], [12], [12]), [12, undefined, "23"]],
    [answers([10], [10], [12], [12]), "tie"],
    [answers([0], [0], [5]), [0, undefined, "01"]],
  ] as const;
  for (const [said, expected] of table) assertEquals(short(agree(said, 0)), expected);
});

Deno.test("agree(): digests decide between files of the same size", () => {
  const table = [
    [answers([10, "a"], [10, "a"]), [10, "a", "01"]],
    [answers([10, "a"], [10, "b"]), "tie"],
    [answers([10, "a"], [10, "b"], [10, "b"]), [10, "b", "12"]],
    [answers([10, "a"], [10]), [10, "a", "01"]],
    [answers([10], [10]), [10, undefined, "01"]],
    // Two have 10 bytes, so the third one's content does not matter.
    [answers([10, "a"], [10, "a"], [11, "b"]), [10, "a", "01"]],
    [answers([10, "a"], [10, "b"], [11, "b"]), "tie"],
    [answers([10, "a"], [10, "b"], [10], [10, "b"]), [10, "b", "123"]],
  ] as const;
  for (const [said, expected] of table) assertEquals(short(agree(said, 0)), expected);
});

Deno.test("agree(): a mirror that gives no size does not outvote one that does", () => {
  assertEquals(short(agree(answers([undefined], [undefined], [10]), 0)), [10, undefined, "2"]);
  assertEquals(short(agree(answers([undefined, "a"], [10, "b"]), 0)), [10, "b", "1"]);
});

Deno.test("agree(): where no mirror gives the size, digests decide", () => {
  assertEquals(short(agree(answers([undefined]), 0)), [undefined, undefined, "0"]);
  assertEquals(short(agree(answers([undefined, "a"], [undefined]), 0)), [undefined, "a", "01"]);
  assertEquals(short(agree(answers([undefined, "a"], [undefined, "b"]), 0)), "tie");
  const three = answers([undefined, "a"], [undefined, "b"], [undefined, "a"]);
  assertEquals(short(agree(three, 0)), [undefined, "a", "02"]);
});

Deno.test("agree() decides early only what outstanding mirrors cannot change", () => {
  // answers, outstanding, outcome
  const table = [
    [answers([10]), 1, "undecided"],
    [answers([10]), 2, "undecided"],
    [answers([10], [10]), 1, [10, undefined, "01"]],
    [answers([10], [10]), 2, "undecided"],
    [answers([10], [10], [10]), 2, [10, undefined, "012"]],
    [answers([10], [11]), 1, "undecided"],
    [answers([10], [10], [11]), 1, "undecided"],
    [answers([10], [10], [10], [11]), 1, [10, undefined, "012"]],
    [answers([10, "a"], [10, "b"], [10, "a"]), 1, "undecided"],
    [answers([10, "a"], [10, "a"], [10, "a"]), 2, [10, "a", "012"]],
    [answers([undefined], [undefined], [undefined]), 1, "undecided"],
  ] as const;
  for (const [said, outstanding, expected] of table) {
    assertEquals(short(agree(said, outstanding)), expected, `${said.length}, ${outstanding} out`);
  }
});

Deno.test("agree(): what is decided early is what all would have decided", () => {
  const sizes = [10, 11, undefined];
  const digests = ["a", "b", undefined];
  const kinds = sizes.flatMap((size) => digests.map((digest) => [size, digest] as const));
  const settled = (agreement: Agreement<Answer>) =>
    agreement.type === "agreed" ? `${agreement.size} ${agreement.digest}` : agreement.type;
  let decidedEarly = 0;
  for (const one of kinds) {
    for (const two of kinds) {
      const early = agree(answers(one, two), 1);
      if (early.type !== "agreed" || early.digest === undefined) continue;
      for (const three of kinds) {
        const late = agree(answers(one, two, three), 0);
        decidedEarly++;
        assertEquals(settled(late), settled(early), `${one} + ${two} + ${three}`);
      }
    }
  }
  assertEquals(decidedEarly > 0, true);
});

Deno.test("agree(): hashes of the whole file are compared last, and one that none contradicts is not voted on", () => {
  const said = (...hashes: readonly (string | undefined)[]) =>
    hashes.map((hash, mirror) => ({
      mirror,
      size: 10,
      digest: "a",
      hashes: hash === undefined ? undefined : { "sha-256": hash },
    }));
  const table = [
    [said("x", "x"), 0, "x", "01"],
    [said("x", undefined), 0, "x", "01"],
    [said(undefined, "x", undefined), 2, "x", "012"],
    [said("x", "y", "x"), 0, "x", "02"],
    [said("x", "y", undefined, "y"), 0, "y", "123"],
    [said("x", "y"), 0, "tie", ""],
    [said("x", "y", undefined), 1, "undecided", ""],
    [said("x", "y", "y", undefined), 1, "undecided", ""],
  ] as const;
  for (const [answers, outstanding, hash, agreeing] of table) {
    const result = agree<Answer>(answers, outstanding);
    if (result.type !== "agreed") assertEquals(result.type, hash);
    else {
      assertEquals(result.hashes, { "sha-256": hash });
      assertEquals(result.agreeing.map(({ mirror }) => mirror).join(""), agreeing);
    }
  }
});
