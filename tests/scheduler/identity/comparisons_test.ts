import { assertEquals } from "@std/assert";
import type { ByteRange } from "../../../lib/http/byte_range.ts";
import { Comparisons } from "../../../lib/scheduler/identity/comparisons.ts";
import { type Landmarks, NO_LANDMARKS } from "../../../lib/scheduler/identity/pieces.ts";
import { Mirror } from "../../../lib/scheduler/mirror/mirror.ts";

/** What a mirror has sent: where that ends, and where the bytes end that are not zero. */
interface Sent {
  readonly reach: number;
  readonly end: number;
}

/** Returns the comparisons that are missing when mirrors have sent all of a file, and those after these were the same. */
function missing(...sent: readonly Sent[]): readonly string[][] {
  const mirrors = sent.map((_, index) => new Mirror(`http://mirror${index}.example/file`));
  const lastOf = (mirror: number): ByteRange | undefined => {
    const { end } = sent[mirror]!;
    return end === 0 ? undefined : { start: Math.max(0, end - 1024), end };
  };
  const landmarks: Landmarks = {
    ...NO_LANDMARKS,
    learned: [{ start: 0, end: 1024, source: 0 }],
    has: () => true,
    lastOf,
    reachOf: (mirror) => sent[mirror]!.reach,
    senderOf: ({ end }) => sent.findIndex((one) => one.end === end),
  };
  const comparisons = new Comparisons(mirrors, landmarks, () => 0);
  for (const mirror of mirrors) {
    mirror.serve("ranges");
    mirror.received(1000, 0);
    comparisons.used(mirror);
  }
  const rounds: string[][] = [];
  for (;;) {
    const checks = comparisons.missing([], [], undefined, 0);
    if (checks.length === 0) return rounds;
    rounds.push(checks.map(({ mirror, piece: { end } }) => `${mirrors.indexOf(mirror)} ${end}`));
    for (const check of checks) comparisons.shown(check);
  }
}

Deno.test("Comparisons.missing(): one of two mirrors shows bytes as high as the other has sent any", () => {
  const whole = { reach: 90_000, end: 90_000 };
  assertEquals(missing(whole, { reach: 80_000, end: 80_000 }), [["0 80000"]]);
  // What the second has sent in place of the rest is below what it has to show.
  assertEquals(missing(whole, { reach: 80_000, end: 30_000 }), [["1 90000"]]);
  assertEquals(missing({ reach: 80_000, end: 0 }, whole), [["0 90000"]]);
});

Deno.test("Comparisons.missing(): behind the last byte that is not zero there is nothing to show", () => {
  const padded = { reach: 95_000, end: 60_000 };
  assertEquals(missing(padded, { reach: 90_000, end: 50_000 }), [["1 60000"]]);
  assertEquals(missing(padded, { reach: 90_000, end: 0 }), [["1 60000"]]);
  assertEquals(missing({ reach: 95_000, end: 0 }, { reach: 90_000, end: 0 }), []);
});
