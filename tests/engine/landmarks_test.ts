import { assert, assertEquals, assertThrows } from "@std/assert";
import { OptionTypeError } from "../../lib/errors.ts";
import { checkKnownPiece, FileLandmarks } from "../../lib/engine/landmarks.ts";
import { randomContent } from "../support/lab/content.ts";
import { mulberry32 } from "../support/random.ts";

const FILE = randomContent(300_000, 3).read(0, 300_000);

async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

Deno.test("FileLandmarks.learn() keeps pieces of what arrives in any order and any length", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = mulberry32(seed);
    const start = Math.floor(random() * 5000);
    const landmarks = new FileLandmarks(start);
    const cuts = Array.from({ length: 200 }, () => start + Math.floor(random() * 295_000));
    const bounds = [...new Set([start, ...cuts, 300_000])].sort((one, other) => one - other);
    const spans = bounds.slice(1).map((end, index) => [bounds[index]!, end] as const);
    spans.sort(() => random() - 0.5);
    for (const [from, to] of spans) {
      assertEquals(landmarks.learn(from, FILE.subarray(from, to), 300_000, 0), undefined);
    }
    const { learned } = landmarks;
    assertEquals(learned.length, Math.ceil((300_000 - start) / (16 * 1024)));
    for (const { start, end } of learned) {
      assertEquals(
        (await landmarks.comparer({ start, end })!(FILE.slice(start, end)))?.differsAt,
        undefined,
      );
      const other = FILE.slice(start, end);
      other[100]! ^= 1;
      assertEquals((await landmarks.comparer({ start, end })!(other))?.differsAt, start + 100);
    }
    assert(landmarks.latest !== undefined);
  }
});

Deno.test("FileLandmarks.learn() returns where bytes differ from those that are known", () => {
  const landmarks = new FileLandmarks(0);
  assertEquals(landmarks.learn(0, FILE.subarray(0, 40_000), 300_000, 0), undefined);
  const other = FILE.slice(10_000, 50_000);
  other[7384]! ^= 1;
  assertEquals(landmarks.learn(10_000, other, 300_000, 0), 17_384);
  // What lies between pieces is not known.
  const between = FILE.slice(0, 16_000);
  between[5000]! ^= 1;
  assertEquals(landmarks.learn(0, between, 300_000, 0), undefined);
});

Deno.test("FileLandmarks keeps a bounded number of pieces, however long the file is", () => {
  const landmarks = new FileLandmarks(0);
  const chunk = new Uint8Array(512 * 1024);
  for (let offset = 0; offset < 512 * 1024 * 1024; offset += chunk.byteLength) {
    landmarks.learn(offset, chunk, Infinity, 0);
  }
  const { length } = landmarks.learned;
  assert(length > 200 && length <= 512, `${length}`);
  assertEquals(landmarks.learned[0], landmarks.learned.find(({ start }) => start === 0));
});

Deno.test("FileLandmarks: the last piece of a file may be short, and a piece of it is none", () => {
  const landmarks = new FileLandmarks(0);
  landmarks.learn(0, FILE.subarray(0, 500), 600, 0);
  assertEquals(landmarks.learned.length, 0);
  landmarks.learn(500, FILE.subarray(500, 700), 600, 0);
  const [piece] = landmarks.learned;
  assertEquals([piece!.start, piece!.end], [0, 600]);
  landmarks.clear();
  assertEquals([landmarks.learned.length, landmarks.latest], [0, undefined]);
});

Deno.test("FileLandmarks compares with digests, also with the beginning of one", async () => {
  const sha256 = await sha256Of(FILE.slice(1000, 2000));
  const given = [{ start: 1000, end: 2000, sha256 }];
  const earlier = { start: 0, end: 500, sha256: (await sha256Of(FILE.slice(0, 500))).slice(0, 16) };
  const landmarks = new FileLandmarks(0, given, [earlier]);
  assertEquals(
    (await landmarks.comparer({ start: 1000, end: 2000 })!(FILE.slice(1000, 2000)))?.differsAt,
    undefined,
  );
  assertEquals(
    (await landmarks.comparer({ start: 1000, end: 2000 })!(FILE.slice(1001, 2001)))?.differsAt,
    1000,
  );
  assertEquals(
    (await landmarks.comparer({ start: 0, end: 500 })!(FILE.slice(0, 500)))?.differsAt,
    undefined,
  );
  assertEquals(landmarks.comparer({ start: 0, end: 501 }), undefined);
  // Of a digest, all bytes are needed; of bytes, a few.
  assertEquals(await landmarks.comparer({ start: 0, end: 500 })!(FILE.slice(0, 499)), undefined);
  landmarks.learn(0, FILE.subarray(0, 2000), 300_000, 0);
  const compare = landmarks.comparer({ start: 0, end: 1024 })!;
  assertEquals(await compare(FILE.slice(0, 63)), undefined);
  assertEquals(await compare(FILE.slice(0, 64)), { differsAt: undefined });
  assertEquals(await compare(FILE.slice(1, 65)), { differsAt: 0 });
});

Deno.test("FileLandmarks.digests() describes pieces that have arrived, spread evenly", async () => {
  const landmarks = new FileLandmarks(0);
  assertEquals(await landmarks.digests(4), []);
  landmarks.learn(0, FILE.subarray(0, 2000), FILE.length, 0);
  assertEquals(await landmarks.digests(4), [
    { start: 0, end: 1024, sha256: await sha256Of(FILE.slice(0, 1024)) },
  ]);
  landmarks.learn(2000, FILE.subarray(2000), FILE.length, 0);
  const pieces = await landmarks.digests(4);
  assertEquals(pieces.length, 4);
  for (const { start, end, sha256 } of pieces) {
    assertEquals(sha256, await sha256Of(FILE.slice(start, end)));
  }
  const starts = pieces.map(({ start }) => start);
  assertEquals(starts, starts.toSorted((one, other) => one - other));
  assert(starts.at(-1)! - starts[0]! > FILE.length / 2, `${starts}`);
  assertEquals((await landmarks.digests(10_000)).length, landmarks.learned.length);
});

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
