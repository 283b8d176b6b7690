import { assert, assertEquals } from "@std/assert";
import { BlameSearch, type BlameSearchOptions } from "../../../lib/cli/blame/blame_search.ts";
import { sendersOf } from "../../../lib/cli/blame/senders.ts";
import { SphttpError } from "../../../mod.ts";
import {
  type Content,
  flippedContent,
  otherContent,
  randomContent,
} from "../../support/lab/content.ts";
import { mulberry32 } from "../../support/random.ts";
import { workplace } from "../../support/workplace.ts";

const SIZE = 1_000_000;
const RIGHT = randomContent(SIZE, 5);
const KB = 1000;

interface Scene {
  /** What the mirrors have, by their names. */
  readonly mirrors: Readonly<Record<string, Content>>;
  /** Who has sent which bytes: where the ranges of each begin, in order. */
  readonly sent: readonly (readonly [start: number, mirror: string | undefined])[];
  /** What an earlier download has left, where no mirror is named. */
  readonly existing?: Content;
  /** Mirrors that cannot be reached. */
  readonly down?: readonly string[];
}

/** Searches, and returns what was found, the file, and how many bytes each mirror was asked for. */
async function search({ mirrors, sent, existing = RIGHT, down = [] }: Scene) {
  using work = workplace();
  const origins = sent.map(([start, mirror], index) => ({
    ...{ start, end: sent[index + 1]?.[0] ?? SIZE, mirror },
  }));
  const bytes = new Uint8Array(SIZE);
  for (const { start, end, mirror } of origins) {
    bytes.set((mirror === undefined ? existing : mirrors[mirror]!).read(start, end), start);
  }
  using file = await Deno.open(work.write("f", bytes), { read: true, write: true });
  using variants = await Deno.open(work.write("v", ""), { read: true, write: true });
  const asked: Record<string, number> = {};
  const times: Record<string, Uint8Array> = {};
  const known = origins.flatMap(({ mirror, ...range }) =>
    mirror === undefined ? [] : [{ ...range, mirror }]
  );
  const shares: number[] = [];
  let changes = 0;
  const options: BlameSearchOptions = {
    onProgress: (share) => void shares.push(share),
    async beforeChange() {
      changes++;
      assertEquals(await Deno.readFile(work.at("f")), bytes);
    },
    file,
    variants,
    range: { start: 0, end: SIZE },
    senders: sendersOf({ start: 0, end: SIZE }, known),
    mirrors: Object.keys(mirrors),
    async *fetch(mirror, { start, end }) {
      await Promise.resolve();
      if (down.includes(mirror)) throw new SphttpError("it is down");
      asked[mirror] = (asked[mirror] ?? 0) + end - start;
      const seen = times[mirror] ??= new Uint8Array(SIZE);
      for (let at = start; at < end; at++) assertEquals(++seen[at]!, 1);
      for (let at = start; at < end; at += 10_000) {
        yield mirrors[mirror]!.read(at, Math.min(end, at + 10_000));
      }
    },
    async fits(parts) {
      let at = 0;
      let isRight = true;
      for await (const part of parts) {
        const wanted = RIGHT.read(at, at + part.byteLength);
        isRight &&= part.every((byte, index) => byte === wanted[index]);
        at += part.byteLength;
      }
      return isRight && at === SIZE;
    },
    signal: new AbortController().signal,
  };
  const { isRight, wrong } = await new BlameSearch(options).run();
  assertEquals(shares, shares.toSorted((one, other) => one - other));
  assertEquals(shares.at(-1), 1);
  for (const { start, end, mirror } of known) {
    assert(!(times[mirror]?.subarray(start, end).some((count) => count > 0)), "asked for its own");
  }
  const after = work.read("f");
  assertEquals(after, isRight ? RIGHT.read(0, SIZE).slice() : bytes);
  assertEquals(changes, isRight ? 1 : 0);
  return { isRight, liars: [...wrong.keys()].sort(), asked };
}

const LIAR = flippedContent(RIGHT, [300 * KB, 700 * KB]);

Deno.test("BlameSearch: of two mirrors, the digest decides", async () => {
  for (const [a, b, liar] of [[LIAR, RIGHT, "a"], [RIGHT, LIAR, "b"]] as const) {
    for (
      const sent of [[[0, "a"], [200 * KB, "b"], [250 * KB, "a"], [500 * KB, "b"]], [[0, "b"], [
        100 * KB,
        "a",
      ], [650 * KB, "b"]]] as const
    ) {
      const found = await search({ mirrors: { a, b }, sent });
      assertEquals(found.isRight, true);
      assertEquals(found.liars, [liar]);
    }
  }
});

Deno.test("BlameSearch: two mirrors that are wrong in different places", async () => {
  const a = flippedContent(RIGHT, [100 * KB]);
  const b = flippedContent(RIGHT, [600 * KB]);
  const found = await search({ mirrors: { a, b }, sent: [[0, "a"], [500 * KB, "b"]] });
  assertEquals(found.isRight, true);
  assertEquals(found.liars, ["a", "b"]);
});

Deno.test("BlameSearch: the digest decides for each place which of two mirrors is right there", async () => {
  const a = flippedContent(RIGHT, [100 * KB, 800 * KB]);
  const b = flippedContent(RIGHT, [400 * KB]);
  for (const sent of [[[0, "a"]], [[0, "b"]], [[0, "a"], [500 * KB, "b"]]] as const) {
    const found = await search({ mirrors: { a, b }, sent });
    assertEquals([found.isRight, found.liars], [true, ["a", "b"]]);
  }
  const places = [1, 2, 3, 4, 5, 6, 7].map((place) => place * 100 * KB);
  const many = {
    a: flippedContent(RIGHT, places.slice(0, 3)),
    b: flippedContent(RIGHT, places.slice(3)),
  };
  const found = await search({ mirrors: many, sent: [[0, "a"]] });
  assertEquals(found.isRight, false);
});

Deno.test("BlameSearch: a third mirror is asked only for what differs", async () => {
  const sent = [[0, "a"], [500 * KB, "b"], [900 * KB, "c"]] as const;
  const found = await search({ mirrors: { a: LIAR, b: RIGHT, c: RIGHT }, sent });
  assertEquals([found.isRight, found.liars], [true, ["a"]]);
  assert(found.asked["c"]! <= 2 * 65_536, `${found.asked["c"]}`);
});

Deno.test("BlameSearch: where no bytes fit, the file stays, and those are named who differ from most", async () => {
  const both = flippedContent(RIGHT, [300 * KB]);
  const same = await search({ mirrors: { a: both, b: both }, sent: [[0, "a"], [500 * KB, "b"]] });
  assertEquals([same.isRight, same.liars], [false, []]);
  const most = await search({
    mirrors: { a: flippedContent(both, [400 * KB]), b: both, c: both },
    sent: [[0, "a"], [500 * KB, "b"]],
  });
  assertEquals([most.isRight, most.liars], [false, ["a"]]);
});

Deno.test("BlameSearch: most mirrors are wrong", async () => {
  const sent = [[0, "a"], [500 * KB, "b"], [900 * KB, "c"]] as const;
  const found = await search({ mirrors: { a: LIAR, b: LIAR, c: RIGHT }, sent });
  assertEquals([found.isRight, found.liars], [true, ["a", "b"]]);
});

Deno.test("BlameSearch: a mirror with another file behind some byte", async () => {
  const other = otherContent(RIGHT, 400 * KB);
  const sent = [[0, "a"], [500 * KB, "b"], [600 * KB, "a"], [700 * KB, "b"]] as const;
  for (const mirrors of [{ a: other, b: RIGHT }, { a: RIGHT, b: other }]) {
    assertEquals((await search({ mirrors, sent })).isRight, true);
  }
});

Deno.test("BlameSearch: bytes of unknown origin are compared with all mirrors", async () => {
  const sent = [[0, undefined], [600 * KB, "a"], [900 * KB, "b"]] as const;
  // The liar has sent them, and agrees with itself.
  const own = await search({ mirrors: { a: LIAR, b: RIGHT }, sent, existing: LIAR });
  assertEquals([own.isRight, own.liars], [true, ["a", undefined]]);
  const damaged = flippedContent(RIGHT, [10]);
  const disk = await search({ mirrors: { a: RIGHT, b: RIGHT }, sent, existing: damaged });
  assertEquals([disk.isRight, disk.liars], [true, [undefined]]);
});

Deno.test("BlameSearch: a mirror that cannot be reached is asked once", async () => {
  const sent = [[0, "a"], [500 * KB, "b"], [900 * KB, "c"]] as const;
  const mirrors = { b: RIGHT, a: LIAR, c: RIGHT };
  const found = await search({ mirrors, sent, down: ["b"] });
  assertEquals([found.isRight, found.liars], [true, ["a"]]);
  const none = await search({ mirrors, sent, down: ["b", "c"] });
  assertEquals(none.isRight, false);
});

Deno.test("BlameSearch: whoever of several mirrors lies, and wherever", async () => {
  const random = mulberry32(3);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let round = 0; round < 20; round++) {
    const names = ["a", "b", "c", "d"].slice(0, 2 + below(3));
    const liar = names[below(names.length)]!;
    const places = Array.from({ length: 1 + below(5) }, () => below(SIZE));
    const mirrors = Object.fromEntries(
      names.map((name) => [name, name === liar ? flippedContent(RIGHT, places) : RIGHT]),
    );
    const starts = [...new Set([0, places[0]!, ...Array.from({ length: 8 }, () => below(SIZE))])];
    const sent = starts.sort((one, other) => one - other).map((start) =>
      [start, start === places[0] ? liar : names[below(names.length)]!] as const
    );
    const found = await search({ mirrors, sent });
    assertEquals([found.isRight, found.liars], [true, [liar]], `round ${round}`);
  }
});
