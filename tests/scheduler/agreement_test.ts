import { assertEquals } from "@std/assert";
import { agree, type Agreement, type Claim } from "../../lib/scheduler/agreement.ts";

/** Claims of mirrors 0, 1, 2, … as pairs of size and digest. */
function claims(
  ...said: readonly (readonly [number | undefined, (string | undefined)?])[]
): Claim[] {
  return said.map(([size, digest], mirror) => ({ mirror, size, digest }));
}

/** The outcome in short: its type, or size, digest and who agrees. */
function short(agreement: Agreement): unknown {
  if (agreement.type !== "agreed") return agreement.type;
  const { size, digest, agreeing } = agreement;
  return [size, digest, agreeing.map(({ mirror }) => mirror).join("")];
}

Deno.test("agree(): the majority wins, a tie is nobody's", () => {
  const table = [
    [claims([10]), [10, undefined, "0"]],
    [claims([10], [10]), [10, undefined, "01"]],
    [claims([10], [11]), "tie"],
    [claims([10], [11], [11]), [11, undefined, "12"]],
    [claims([10], [11], [12]), "tie"],
    [claims([10], [11], [12], [12]), [12, undefined, "23"]],
    [claims([10], [10], [12], [12]), "tie"],
    [claims([0], [0], [5]), [0, undefined, "01"]],
  ] as const;
  for (const [said, expected] of table) assertEquals(short(agree(said, 0)), expected);
});

Deno.test("agree(): digests decide between files of the same size", () => {
  const table = [
    [claims([10, "a"], [10, "a"]), [10, "a", "01"]],
    [claims([10, "a"], [10, "b"]), "tie"],
    [claims([10, "a"], [10, "b"], [10, "b"]), [10, "b", "12"]],
    [claims([10, "a"], [10]), [10, "a", "01"]],
    [claims([10], [10]), [10, undefined, "01"]],
    // Two have 10 bytes, so the third one's content does not matter.
    [claims([10, "a"], [10, "a"], [11, "b"]), [10, "a", "01"]],
    [claims([10, "a"], [10, "b"], [11, "b"]), "tie"],
    [claims([10, "a"], [10, "b"], [10], [10, "b"]), [10, "b", "123"]],
  ] as const;
  for (const [said, expected] of table) assertEquals(short(agree(said, 0)), expected);
});

Deno.test("agree(): a mirror that does not tell the size does not outvote one that does", () => {
  assertEquals(short(agree(claims([undefined], [undefined], [10]), 0)), [10, undefined, "2"]);
  assertEquals(short(agree(claims([undefined, "a"], [10, "b"]), 0)), [10, "b", "1"]);
});

Deno.test("agree(): where nobody tells the size, digests decide", () => {
  assertEquals(short(agree(claims([undefined]), 0)), [undefined, undefined, "0"]);
  assertEquals(short(agree(claims([undefined, "a"], [undefined]), 0)), [undefined, "a", "01"]);
  assertEquals(short(agree(claims([undefined, "a"], [undefined, "b"]), 0)), "tie");
  const three = claims([undefined, "a"], [undefined, "b"], [undefined, "a"]);
  assertEquals(short(agree(three, 0)), [undefined, "a", "02"]);
});

Deno.test("agree() decides early only what those outstanding cannot change", () => {
  // claims, outstanding, outcome
  const table = [
    [claims([10]), 1, "open"],
    [claims([10]), 2, "open"],
    [claims([10], [10]), 1, [10, undefined, "01"]],
    [claims([10], [10]), 2, "open"],
    [claims([10], [10], [10]), 2, [10, undefined, "012"]],
    [claims([10], [11]), 1, "open"],
    [claims([10], [10], [11]), 1, "open"],
    [claims([10], [10], [10], [11]), 1, [10, undefined, "012"]],
    [claims([10, "a"], [10, "b"], [10, "a"]), 1, "open"],
    [claims([10, "a"], [10, "a"], [10, "a"]), 2, [10, "a", "012"]],
    [claims([undefined], [undefined], [undefined]), 1, "open"],
  ] as const;
  for (const [said, outstanding, expected] of table) {
    assertEquals(short(agree(said, outstanding)), expected, `${said.length}, ${outstanding} out`);
  }
});

Deno.test("agree(): everybody either agrees or dissents", () => {
  const said = claims([10, "a"], [11, "a"], [10, "b"], [10, "a"], [undefined], [10]);
  const agreement = agree(said, 0);
  const of = (side: readonly Claim[]) => side.map(({ mirror }) => mirror);
  const { agreeing, dissenting } = agreement as Extract<Agreement, { type: "agreed" }>;
  assertEquals([of(agreeing), of(dissenting)], [[0, 3, 5], [1, 2, 4]]);
});

Deno.test("agree(): what is decided early is what all would have decided", () => {
  const sizes = [10, 11, undefined];
  const digests = ["a", "b", undefined];
  const kinds = sizes.flatMap((size) => digests.map((digest) => [size, digest] as const));
  const settled = (agreement: Agreement) =>
    agreement.type === "agreed" ? `${agreement.size} ${agreement.digest}` : agreement.type;
  let decidedEarly = 0;
  for (const one of kinds) {
    for (const two of kinds) {
      const early = agree(claims(one, two), 1);
      if (early.type !== "agreed" || early.digest === undefined) continue;
      for (const three of kinds) {
        const late = agree(claims(one, two, three), 0);
        decidedEarly++;
        assertEquals(settled(late), settled(early), `${one} + ${two} + ${three}`);
      }
    }
  }
  assertEquals(decidedEarly > 0, true);
});
