import { assertEquals, assertRejects } from "@std/assert";
import {
  collect,
  deferred,
  fromBase64,
  groupBy,
  parseUrl,
  toBase64,
  toHex,
  toWellFormed,
} from "../lib/stand_ins.ts";

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

Deno.test("deferred() settles its promise once", async () => {
  const { promise, resolve, reject } = deferred<number>();
  resolve(1);
  reject(new Error("too late"));
  assertEquals(await promise, 1);
  const failing = deferred();
  failing.reject(new RangeError("no"));
  await assertRejects(() => failing.promise, RangeError, "no");
});

Deno.test("parseUrl() is URL.parse(), and the same where that is missing", () => {
  const { parse } = URL;
  const older = (text: string, base?: string) => {
    Object.assign(URL, { parse: undefined });
    try {
      return parseUrl(text, base);
    } finally {
      Object.assign(URL, { parse });
    }
  };
  const texts = ["http://h/a b", "", "//h/", "a", "http://", "http://h:99999/", "data:,x", "?q"];
  for (const text of texts) {
    for (const base of [undefined, "https://base.example/dir/file", "no base"]) {
      const expected = URL.parse(text, base)?.href;
      assertEquals(parseUrl(text, base)?.href, expected, `${text} at ${base}`);
      assertEquals(older(text, base)?.href, expected, `${text} at ${base}`);
    }
  }
});

Deno.test("groupBy() is Map.groupBy()", () => {
  const items = ["pear", "fig", "plum", "nut", "apple"];
  const grouped = groupBy(new Set(items), ({ length }) => length);
  assertEquals([...grouped], [...Map.groupBy(items, ({ length }) => length)]);
  assertEquals([...groupBy([], () => 1)], []);
});

Deno.test("collect() takes all items, and fails like their source", async () => {
  async function* count(failing: boolean) {
    yield await Promise.resolve(1);
    yield 2;
    if (failing) throw new RangeError("no third");
  }
  assertEquals(await collect(count(false)), [1, 2]);
  await assertRejects(() => collect(count(true)), RangeError, "no third");
});

Deno.test("toHex() and toBase64() write every byte as the platform does", () => {
  assertEquals(toHex(EVERY_BYTE), EVERY_BYTE.toHex());
  for (const length of [0, 1, 2, 3, 256]) {
    const bytes = EVERY_BYTE.subarray(256 - length);
    assertEquals(toBase64(bytes), bytes.toBase64());
    assertEquals(fromBase64(toBase64(bytes)), bytes);
  }
});

Deno.test("fromBase64() accepts what the platform does", () => {
  for (const text of ["", "AA==", "AA", "A A = =", "A", "AA=", "AA==A", "A-_A", "A*AA", "\u00e4"]) {
    let expected: Uint8Array | undefined;
    try {
      expected = Uint8Array.fromBase64(text);
    } catch {
      expected = undefined;
    }
    assertEquals(fromBase64(text), expected, text);
  }
});

Deno.test("toWellFormed() replaces lone surrogates only", () => {
  for (
    const text of ["", "plain", "😀", "\ud83d", "a\ude00b", "\ude00\ud83d", "\ud83d\ud83d\ude00"]
  ) {
    assertEquals(toWellFormed(text), text.toWellFormed(), JSON.stringify(text));
  }
});
