import { assert, assertEquals } from "@std/assert";
import { FileLandmarks } from "../../../lib/engine/memory/landmarks.ts";
import { sha256Of } from "../../../lib/hashing/platform_hash.ts";
import { randomContent } from "../../support/lab/content.ts";
import { mulberry32 } from "../../support/random.ts";

const FILE = randomContent(300_000, 3).read(0, 300_000);

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
        (await landmarks.comparer({ start, end }, 1)!(FILE.slice(start, end)))?.differsAt,
        undefined,
      );
      const other = FILE.slice(start, end);
      other[100]! ^= 1;
      assertEquals((await landmarks.comparer({ start, end }, 1)!(other))?.differsAt, start + 100);
    }
    assert(landmarks.latest !== undefined);
  }
});

Deno.test("FileLandmarks.learn() returns where bytes differ from those that are known", () => {
  const landmarks = new FileLandmarks(0);
  assertEquals(landmarks.learn(0, FILE.subarray(0, 40_000), 300_000, 0), undefined);
  const other = FILE.slice(10_000, 50_000);
  other[7384]! ^= 1;
  assertEquals(landmarks.learn(10_000, other, 300_000, 1), { at: 17_384, other: 0 });
  // Of a piece that two have sent, the one that sent this byte.
  assertEquals(landmarks.learn(40_000, FILE.subarray(40_000, 49_500), 300_000, 0), undefined);
  assertEquals(landmarks.learn(49_500, FILE.subarray(49_500, 51_000), 300_000, 2), undefined);
  for (const [at, other] of [[49_400, 0], [49_600, 2]] as const) {
    const bytes = FILE.slice(49_000, 51_000);
    bytes[at - 49_000]! ^= 1;
    assertEquals(landmarks.learn(49_000, bytes, 300_000, 1), { at, other });
  }
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

Deno.test("FileLandmarks: pieces are spread evenly, also where some bytes come late", () => {
  const landmarks = new FileLandmarks(0);
  const chunk = new Uint8Array(512 * 1024);
  for (let offset = 10_000; offset < 12_000_000; offset += chunk.byteLength) {
    landmarks.learn(offset, chunk, Infinity, 0);
  }
  const starts = landmarks.learned.map(({ start }) => start).sort((one, other) => one - other);
  const distances = new Set(starts.slice(1).map((start, index) => start - starts[index]!));
  assertEquals([...distances], [32 * 1024]);
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
    (await landmarks.comparer({ start: 1000, end: 2000 }, 1)!(FILE.slice(1000, 2000)))?.differsAt,
    undefined,
  );
  assertEquals(
    (await landmarks.comparer({ start: 1000, end: 2000 }, 1)!(FILE.slice(1001, 2001)))?.differsAt,
    1000,
  );
  assertEquals(
    (await landmarks.comparer({ start: 0, end: 500 }, 1)!(FILE.slice(0, 500)))?.differsAt,
    undefined,
  );
  assertEquals(landmarks.comparer({ start: 0, end: 501 }, 1), undefined);
  // Of a digest, all bytes are needed; of bytes, a few.
  assertEquals(await landmarks.comparer({ start: 0, end: 500 }, 1)!(FILE.slice(0, 499)), undefined);
  landmarks.learn(0, FILE.subarray(0, 2000), 300_000, 0);
  const compare = landmarks.comparer({ start: 0, end: 1024 }, 1)!;
  assertEquals(await compare(FILE.slice(0, 63)), undefined);
  assertEquals(await compare(FILE.slice(0, 64)), { differsAt: undefined, isPending: false });
  assertEquals(await compare(FILE.slice(1, 65)), { differsAt: 0, isPending: false });
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

Deno.test("FileLandmarks.lastOf() is up to the last byte that a mirror has sent and that is not zero", () => {
  const landmarks = new FileLandmarks(0);
  assertEquals(landmarks.lastOf(1), undefined);
  landmarks.learn(50_000, FILE.subarray(50_000, 60_000), 300_000, 1);
  assertEquals(landmarks.lastOf(1), { start: 58_976, end: 60_000 });
  landmarks.learn(0, FILE.subarray(0, 40_000), 300_000, 1);
  landmarks.learn(70_000, FILE.subarray(70_000, 80_000), 300_000, 2);
  assertEquals(landmarks.lastOf(1), { start: 58_976, end: 60_000 });
  // A short chunk goes on behind the one before; one that comes later stands alone.
  landmarks.learn(60_000, FILE.subarray(60_000, 60_010), 300_000, 1);
  assertEquals(landmarks.lastOf(1), { start: 58_986, end: 60_010 });
  landmarks.learn(60_100, FILE.subarray(60_100, 60_110), 300_000, 1);
  assertEquals(landmarks.lastOf(1), { start: 60_100, end: 60_110 });
  assertEquals(landmarks.reachOf(1), 60_110);
  landmarks.learn(90_000, new Uint8Array(5000), 300_000, 1);
  assertEquals(landmarks.lastOf(1), { start: 60_100, end: 60_110 });
  assertEquals(landmarks.reachOf(1), 95_000);
  // What comes later lies before the zeros, and has some at its end, too.
  const padded = new Uint8Array(5000);
  padded.set(FILE.subarray(80_000, 83_000));
  landmarks.learn(80_000, padded, 300_000, 1);
  const end = 80_000 + padded.findLastIndex((byte) => byte !== 0) + 1;
  assertEquals(landmarks.lastOf(1), { start: end - 1024, end });
  assertEquals(landmarks.reachOf(1), 95_000);
  landmarks.learn(200_000, new Uint8Array(5000), 300_000, 3);
  assertEquals([landmarks.lastOf(3), landmarks.reachOf(3)], [undefined, 205_000]);
  // What lies behind the end of the file is none of it.
  landmarks.learn(299_000, FILE.subarray(299_000), 299_500, 2);
  assertEquals(landmarks.lastOf(2), { start: 299_000, end: 299_500 });
});

Deno.test("FileLandmarks.isEmpty(): a piece that has arrived, and has nothing but zeros", () => {
  const landmarks = new FileLandmarks(0);
  const [zeros, mixed] = [{ start: 50_000, end: 50_100 }, { start: 60_000, end: 60_100 }];
  landmarks.keep(zeros);
  landmarks.keep(mixed);
  landmarks.learn(50_000, new Uint8Array(99), 300_000, 1);
  landmarks.learn(60_000, new Uint8Array(99), 300_000, 1);
  assertEquals([landmarks.isEmpty(zeros), landmarks.isEmpty(mixed)], [false, false]);
  landmarks.learn(50_099, new Uint8Array(1), 300_000, 1);
  landmarks.learn(60_099, new Uint8Array([7]), 300_000, 1);
  assertEquals([landmarks.isEmpty(zeros), landmarks.isEmpty(mixed)], [true, false]);
  assertEquals(landmarks.isEmpty({ start: 70_000, end: 70_100 }), false);
});

Deno.test("FileLandmarks.keep() keeps a mirror's last bytes, so that they can be compared later", async () => {
  const landmarks = new FileLandmarks(0);
  landmarks.learn(20_000, FILE.subarray(20_000, 30_000), 300_000, 1);
  landmarks.learn(30_000, FILE.subarray(30_000, 30_020), 300_000, 1);
  const last = landmarks.lastOf(1)!;
  landmarks.keep(last);
  landmarks.learn(30_020, FILE.subarray(30_020, 40_000), 300_000, 1);
  assertEquals(landmarks.senderOf(last), 1);
  const { start, end } = last;
  const same = FILE.slice(start, end);
  assertEquals(await landmarks.comparer(last, 2)!(same), {
    differsAt: undefined,
    isPending: false,
  });
  same[1000]! ^= 1;
  assertEquals(await landmarks.comparer(last, 2)!(same), {
    differsAt: start + 1000,
    isPending: false,
  });
});

Deno.test("FileLandmarks.keep(): what is asked for before it arrives is compared as it does", async () => {
  for (const isOther of [false, true]) {
    const landmarks = new FileLandmarks(0);
    const piece = { start: 50_000, end: 51_024 };
    landmarks.keep(piece);
    const shown = FILE.slice(50_000, 51_024);
    if (isOther) shown[700]! ^= 1;
    // Each is compared with what arrives, not with what others have shown.
    for (
      const [mirror, bytes] of [[2, shown], [3, FILE.slice(50_000, 51_024)], [4, shown]] as const
    ) {
      assertEquals(await landmarks.comparer(piece, mirror)!(bytes), {
        differsAt: undefined,
        isPending: true,
      });
    }
    assertEquals(landmarks.senderOf(piece), undefined);
    assertEquals(landmarks.learn(49_000, FILE.subarray(49_000, 50_500), 300_000, 1), undefined);
    // What differs is not used, and arrives again.
    for (const other of isOther ? [2, 4] : []) {
      const difference = landmarks.learn(50_500, FILE.subarray(50_500, 52_000), 300_000, 1);
      assertEquals(difference, { at: 50_700, other });
      assertEquals(landmarks.has(piece), false);
    }
    assertEquals(landmarks.learn(50_500, FILE.subarray(50_500, 52_000), 300_000, 1), undefined);
    assertEquals(landmarks.has(piece), true);
    assertEquals(landmarks.senderOf(piece), isOther ? undefined : 1);
  }
});

Deno.test("FileLandmarks.keep(): some mirrors show fewer bytes of a piece before it arrives, and differ from none", async () => {
  const piece = { start: 50_000, end: 51_024 };
  const all = FILE.slice(50_000, 51_024);
  // A mirror whose responses are ten bytes shorter than their ranges is compared as far as it goes.
  for (const lengths of [[1014, 1024], [1024, 1014]]) {
    const landmarks = new FileLandmarks(0);
    landmarks.keep(piece);
    for (const [mirror, length] of lengths.entries()) {
      const comparison = await landmarks.comparer(piece, mirror)!(all.slice(0, length));
      assertEquals(comparison, { differsAt: undefined, isPending: true }, `${length} bytes`);
    }
    assertEquals(landmarks.learn(49_000, FILE.subarray(49_000, 52_000), 300_000, 2), undefined);
    assertEquals(landmarks.has(piece), true);
  }
});

Deno.test("FileLandmarks.senderOf() is nobody where several mirrors sent some of a piece", () => {
  const landmarks = new FileLandmarks(0);
  const piece = { start: 50_000, end: 51_024 };
  landmarks.keep(piece);
  landmarks.learn(49_000, FILE.subarray(49_000, 50_500), 300_000, 1);
  landmarks.learn(50_500, FILE.subarray(50_500, 52_000), 300_000, 2);
  assertEquals(landmarks.senderOf(piece), undefined);
});

Deno.test("FileLandmarks keeps fewer pieces where the window is small, or becomes so", () => {
  const landmarks = new FileLandmarks(0);
  const chunk = new Uint8Array(512 * 1024);
  const most = [64 * 1024 * 1024, 2_000_000, 1000, 4_000_000].map((windowSize, turn) => {
    landmarks.windowSize = windowSize;
    for (let offset = 0; offset < 64 * 1024 * 1024; offset += chunk.byteLength) {
      landmarks.learn(64 * 1024 * 1024 * turn + offset, chunk, Infinity, 0);
    }
    return landmarks.learned.length;
  });
  const bounds = [[257, 512], [61, 122], [33, 64], [33, 244]] as const;
  for (const [index, [least, greatest]] of bounds.entries()) {
    assert(most[index]! >= least && most[index]! <= greatest, most.join());
  }
});
