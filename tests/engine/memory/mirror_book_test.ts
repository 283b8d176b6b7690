import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { MirrorBook } from "../../../lib/engine/memory/mirror_book.ts";
import { MirrorUrlError } from "../../../lib/errors.ts";

const URL = "https://one.test/file";
const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KNOWN = { bytesPerSecond: 8e6, latencyMs: 40 };

Deno.test("MirrorBook.get() knows every URL of an origin, and no other", () => {
  const book = new MirrorBook();
  book.set(URL, KNOWN, NOW);
  const same = [URL, "https://one.test:443/other?q=1#x", "https://user:secret@one.test/"];
  for (const url of same) assertEquals(book.get(url, NOW), KNOWN, url);
  const others = ["http://one.test/file", "https://one.test:8443/file", "https://two.test/file"];
  for (const url of others) assertEquals(book.get(url, NOW), undefined, url);
});

Deno.test("MirrorBook.get() gives nothing that is too old", () => {
  const table: [maxAgeMs: number | undefined, ageMs: number, known: boolean][] = [
    [undefined, DAY - 1, true],
    [undefined, DAY, false],
    [undefined, -HOUR, true],
    [undefined, -DAY, false],
    [HOUR, HOUR - 1, true],
    [HOUR, HOUR, false],
    [0, 0, false],
    [Infinity, 1000 * DAY, true],
  ];
  for (const [maxAgeMs, ageMs, known] of table) {
    const book = new MirrorBook(maxAgeMs === undefined ? {} : { maxAgeMs });
    book.set(URL, KNOWN, NOW);
    assertEquals(book.get(URL, NOW + ageMs) !== undefined, known, `${maxAgeMs}, ${ageMs}`);
  }
});

Deno.test("MirrorBook: get() and set() take the time of day where none is given", () => {
  const book = new MirrorBook();
  book.set(URL, KNOWN);
  assertEquals(book.get(URL), KNOWN);
});

Deno.test("MirrorBook.set(): new figures count more than old ones, and all the more with time", () => {
  const rateAfter = (ageMs: number, before: number, after: number) => {
    const book = new MirrorBook();
    book.set(URL, { ...KNOWN, bytesPerSecond: before }, NOW);
    book.set(URL, { ...KNOWN, bytesPerSecond: after }, NOW + ageMs);
    return book.get(URL, NOW + ageMs)!.bytesPerSecond;
  };
  // 16 ** (1 / 4) is 2.
  assertAlmostEquals(rateAfter(0, 16e6, 1e6), 2e6, 1);
  assertAlmostEquals(rateAfter(0, 1e6, 16e6), 8e6, 1);
  const fading = [0, HOUR, 12 * HOUR, DAY - 1].map((ageMs) => rateAfter(ageMs, 16e6, 1e6));
  assertEquals(fading.toSorted((one, other) => other - one), fading);
  assertAlmostEquals(fading.at(-1)!, 1e6, 1);
  assertEquals(rateAfter(DAY, 16e6, 1e6), 1e6);
  assertAlmostEquals(rateAfter(HOUR, 5e6, 5e6), 5e6, 1);
});

Deno.test("MirrorBook.set(): what is mixed was learned when the new figures were", () => {
  const book = new MirrorBook();
  for (const hours of [0, 23, 46]) book.set(URL, KNOWN, NOW + hours * HOUR);
  assert(book.get(URL, NOW + 60 * HOUR) !== undefined);
});

Deno.test("MirrorBook.set() refuses what is no figure", () => {
  const book = new MirrorBook();
  for (const value of [0, -1, NaN, Infinity, "8", undefined] as number[]) {
    const shown = typeof value === "string" ? `"${value}"` : value;
    assertThrows(
      () => book.set(URL, { ...KNOWN, bytesPerSecond: value }, NOW),
      TypeError,
      `bytesPerSecond of https://one.test is ${shown}, but must be a positive number`,
    );
    assertThrows(
      () => book.set(URL, { ...KNOWN, latencyMs: value }, NOW),
      TypeError,
      `latencyMs of https://one.test is ${shown}`,
    );
  }
  assertThrows(
    () => book.set(URL, KNOWN, NaN),
    TypeError,
    "learnedAtMs of https://one.test is NaN",
  );
  assertThrows(() => book.set("ftp://one.test/", KNOWN, NOW), MirrorUrlError);
  assertThrows(() => book.get("nonsense"), MirrorUrlError);
  assertEquals(book.size, 0);
});

Deno.test("MirrorBook refuses an age that is none", () => {
  for (const maxAgeMs of [-1, NaN]) {
    assertThrows(() => new MirrorBook({ maxAgeMs }), RangeError, `maxAgeMs is ${maxAgeMs}`);
  }
});

Deno.test("MirrorBook.prune() forgets what is too old, and nothing else", () => {
  const book = new MirrorBook();
  book.set("http://old.test/", KNOWN, NOW);
  book.set("http://new.test/", KNOWN, NOW + HOUR);
  book.prune(NOW + DAY);
  assertEquals(Object.keys(book.toJSON().origins), ["http://new.test"]);
});

Deno.test("MirrorBook keeps 1000 origins: the oldest leave first", () => {
  const book = new MirrorBook();
  // Those with an odd number were learned later than all the others.
  const learnedAtMs = (index: number) => NOW + index + (index % 2) * HOUR;
  for (let index = 0; index < 1100; index++) {
    book.set(`http://${index}.test/`, KNOWN, learnedAtMs(index));
  }
  assertEquals(book.size, 1000);
  for (let index = 0; index < 1100; index++) {
    const left = index % 2 === 0 && index < 200;
    assertEquals(book.get(`http://${index}.test/`, NOW) === undefined, left, `${index}`);
  }
});

Deno.test("MirrorBook.fromJSON() gives back what toJSON() gave", () => {
  const book = new MirrorBook();
  book.set(URL, KNOWN, NOW);
  book.set("http://[::1]:8080/file", { bytesPerSecond: 1.5, latencyMs: 0.25 }, NOW + 1);
  const text = JSON.stringify(book);
  const again = MirrorBook.fromJSON(JSON.parse(text));
  assertEquals(JSON.stringify(again), text);
  assertEquals(again.get(URL, NOW), KNOWN);
  assertEquals(MirrorBook.fromJSON(new MirrorBook().toJSON()).size, 0);
});

Deno.test("MirrorBook.fromJSON() takes options, and keeps what is too old out of use", () => {
  const book = new MirrorBook();
  book.set(URL, KNOWN, NOW);
  const again = MirrorBook.fromJSON(book.toJSON(), { maxAgeMs: HOUR });
  assertEquals(again.get(URL, NOW + HOUR), undefined);
  assertEquals(again.size, 1);
});

Deno.test("MirrorBook.fromJSON() says what is wrong", () => {
  const entry = { ...KNOWN, learnedAtMs: NOW };
  const withEntry = (value: unknown) => ({ version: 1, origins: { "http://a.test": value } });
  const withOrigin = (origin: string) => ({ version: 1, origins: { [origin]: entry } });
  const table: [value: unknown, says: string][] = [
    [null, "the book is null, but must be an object"],
    [[], "the book is a list, but must be an object"],
    ["x", 'the book is "x", but must be an object'],
    [{}, "version is undefined, but must be 1"],
    [{ version: 2, origins: {} }, "version is 2, but must be 1"],
    [{ version: {}, origins: {} }, "version is an object, but must be 1"],
    [{ version: 1 }, "origins is undefined, but must be an object"],
    [{ version: 1, origins: [entry] }, "origins is a list, but must be an object"],
    [withEntry(7), "http://a.test is 7, but must be an object"],
    [withEntry({}), "bytesPerSecond of http://a.test is undefined, but must be a positive number"],
    [withEntry({ ...entry, bytesPerSecond: -1 }), "bytesPerSecond of http://a.test is -1, but"],
    [withEntry({ ...entry, latencyMs: 0 }), "latencyMs of http://a.test is 0, but"],
    [withEntry({ ...entry, latencyMs: "\x1b[2J" }), 'is "\\u001b[2J", but'],
    [
      withEntry({ ...entry, learnedAtMs: Infinity }),
      "learnedAtMs of http://a.test is Infinity, but",
    ],
    [withEntry({ ...entry, learnedAtMs: null }), "learnedAtMs of http://a.test is null, but"],
    [withOrigin("a.test"), 'origins has "a.test", but must have http or https origins like'],
    [withOrigin("ftp://a.test"), 'origins has "ftp://a.test", but'],
    [withOrigin("http://a.test/"), 'origins has "http://a.test/", but'],
    [withOrigin("http://a.test/file?key=1"), "but must have http or https origins"],
    [withOrigin("https://a.test:443"), 'origins has "https://a.test:443", but'],
    [withOrigin("http://user:secret@a.test"), 'origins has "http://a.test", but'],
    [JSON.parse('{"version":1,"origins":{"__proto__":{}}}'), 'origins has "__proto__", but'],
  ];
  for (const [value, says] of table) {
    const error = assertThrows(() => MirrorBook.fromJSON(value), TypeError, says);
    assert(!(error as Error).message.includes("secret"));
  }
});

Deno.test("MirrorBook.fromJSON() keeps the newest 1000 origins", () => {
  const origins = Object.fromEntries(
    Array.from({ length: 1010 }, (_, index) => [
      `http://${index}.test`,
      { ...KNOWN, learnedAtMs: NOW - index },
    ]),
  );
  const book = MirrorBook.fromJSON({ version: 1, origins });
  assertEquals(book.size, 1000);
  assertEquals(book.get("http://0.test/", NOW), KNOWN);
  assertEquals(book.get("http://1009.test/", NOW), undefined);
});

Deno.test("MirrorBook.fromJSON() refuses more entries than any book has", () => {
  const names = Array.from({ length: 10_001 }, (_, index) => `http://${index}.test`);
  const entry = { ...KNOWN, learnedAtMs: NOW };
  const origins = Object.fromEntries(names.map((name) => [name, entry]));
  const unreliable = Object.fromEntries(names.map((name) => [name, NOW]));
  const says = "has 10001 entries, but may have 10000 at most";
  assertThrows(() => MirrorBook.fromJSON({ version: 1, origins }), TypeError, `origins ${says}`);
  assertThrows(
    () => MirrorBook.fromJSON({ version: 1, origins: {}, unreliable }),
    TypeError,
    `unreliable ${says}`,
  );
  delete unreliable[names[0]!];
  const book = MirrorBook.fromJSON({ version: 1, origins: {}, unreliable });
  assertEquals(Object.keys(book.toJSON().unreliable!).length, 1000);
});

Deno.test("MirrorBook: no credential, path or query is ever in it", () => {
  const book = new MirrorBook();
  book.set("https://user:hunter2@one.test/private?token=hunter2#hunter2", KNOWN, NOW);
  assertEquals(book.toJSON(), {
    version: 1,
    origins: { "https://one.test": { ...KNOWN, learnedAtMs: NOW } },
  });
});

Deno.test("MirrorBook.distrust() is for every URL of an origin, as long as figures are", () => {
  const book = new MirrorBook();
  assertEquals(book.isUnreliable(URL, NOW), false);
  book.distrust("https://user:hunter2@one.test/private?token=hunter2", NOW);
  const table: [url: string, ageMs: number, unreliable: boolean][] = [
    [URL, 0, true],
    [URL, DAY - 1, true],
    [URL, DAY, false],
    [URL, -DAY, false],
    ["http://one.test/file", 0, false],
  ];
  for (const [url, ageMs, unreliable] of table) {
    assertEquals(book.isUnreliable(url, NOW + ageMs), unreliable, `${url} ${ageMs}`);
  }
  // Figures are another thing.
  assertEquals([book.size, book.get(URL, NOW)], [0, undefined]);
  assertEquals(book.toJSON(), {
    version: 1,
    origins: {},
    unreliable: { "https://one.test": NOW },
  });
  assertThrows(() => book.distrust("ftp://one.test/"), MirrorUrlError);
  assertThrows(() => book.isUnreliable("nonsense"), MirrorUrlError);
  book.prune(NOW + DAY);
  assertEquals(book.toJSON(), { version: 1, origins: {} });
});

Deno.test("MirrorBook keeps 1000 origins with unreliable validators: the oldest leave first", () => {
  const book = new MirrorBook();
  for (let index = 0; index < 1100; index++) book.distrust(`http://${index}.test/`, NOW + index);
  assertEquals(Object.keys(book.toJSON().unreliable!).length, 1000);
  for (const index of [0, 99, 100, 1099]) {
    assertEquals(book.isUnreliable(`http://${index}.test/`, NOW), index >= 100, `${index}`);
  }
});

Deno.test("MirrorBook.fromJSON() reads which validators are unreliable, or that nothing is known", () => {
  const origins = { "https://one.test": { ...KNOWN, learnedAtMs: NOW } };
  const older = MirrorBook.fromJSON({ version: 1, origins });
  assertEquals([older.get(URL, NOW), older.isUnreliable(URL, NOW)], [KNOWN, false]);
  older.distrust(URL, NOW + 1);
  const text = JSON.stringify(older);
  const again = MirrorBook.fromJSON(JSON.parse(text));
  assertEquals([JSON.stringify(again), again.isUnreliable(URL, NOW)], [text, true]);
  const table: [unreliable: unknown, says: string][] = [
    [null, "unreliable is null, but must be an object"],
    [[], "unreliable is a list, but must be an object"],
    [{ "http://a.test": true }, "unreliable of http://a.test is true, but must be a positive"],
    [{ "http://a.test": -1 }, "unreliable of http://a.test is -1, but"],
    [{ "http://user:secret@a.test": 1 }, 'unreliable has "http://a.test", but must have http'],
  ];
  for (const [unreliable, says] of table) {
    const error = assertThrows(
      () => MirrorBook.fromJSON({ version: 1, origins, unreliable }),
      TypeError,
      says,
    );
    assert(!(error as Error).message.includes("secret"));
  }
});

Deno.test("MirrorBook: an address in the fragment of a URL has figures of its own", () => {
  const book = new MirrorBook();
  const url = "https://one.test/f";
  const known = [1, 2, 3].map((bytesPerSecond) => ({ bytesPerSecond, latencyMs: 1 }));
  book.set(`${url}#192.0.2.1`, known[0]!);
  book.set(`${url}#::1`, known[1]!);
  // Any other fragment means nothing.
  book.set(`${url}#part`, known[2]!);
  book.distrust(`${url}#192.0.2.1`);
  const read = MirrorBook.fromJSON(JSON.parse(JSON.stringify(book)));
  const other = "https://one.test/other";
  const found = [`${other}#192.0.2.1`, `${other}#::1`, other].map((url) => read.get(url));
  assertEquals(found, known);
  assertEquals([read.size, read.get(`${other}#192.0.2.2`)], [3, undefined]);
  // Validators are those of the host.
  assertEquals(read.isUnreliable(other), true);
  assertThrows(() =>
    MirrorBook.fromJSON({
      version: 1,
      origins: { "ftp://one.test#::1": { ...known[0], learnedAtMs: 1 } },
    })
  );
});
