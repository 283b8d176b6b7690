import { assert, assertEquals } from "@std/assert";
import type { Validators } from "../../../lib/http/validators.ts";
import { MirrorMemory } from "../../../lib/transport/responses/mirror_memory.ts";

const URL = "http://one.test/file?token=secret";
const DATES = ["Mon, 01 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00 GMT"] as const;

/** Validators as a response has them. */
function said(etag?: string, lastModified?: string): Validators {
  return { etag, lastModified, strong: etag };
}

Deno.test("MirrorMemory.said() names the first and the second validators", () => {
  const table: [first: Validators, second: Validators, text: string][] = [
    [said('"a"'), said('"b"'), 'its ETag was "a" and is "b"'],
    [said('"a"'), said('"a"'), 'its ETag is "a" as before'],
    [said('"a"'), said(), 'its ETag was "a" and is missing'],
    [said(), said('"b"'), 'its ETag was missing and is "b"'],
    [said('"a"', DATES[0]), said('"b"', DATES[1]), 'its ETag was "a" and is "b"'],
    [
      said('"a"', DATES[0]),
      said('"a"', DATES[1]),
      `its Last-Modified was ${DATES[0]} and is ${DATES[1]}`,
    ],
    [
      said(undefined, DATES[0]),
      said(undefined, DATES[0]),
      `its Last-Modified is ${DATES[0]} as before`,
    ],
    [
      said(undefined, DATES[0]),
      said(),
      `its Last-Modified was ${DATES[0]} and is missing`,
    ],
    [said(), said(), ""],
  ];
  for (const [first, second, text] of table) {
    const memory = new MirrorMemory(URL);
    assertEquals(memory.said(URL, second), "");
    memory.begin(URL, first);
    assertEquals(memory.said(URL, second), text);
  }
});

Deno.test("MirrorMemory.judge() says how validators differ, or places without any", () => {
  const places = ["http://one.test/a?token=secret", "http://two.test/b?token=secret"] as const;
  const table: [first: Validators, second: Validators, doubt: string | undefined][] = [
    [said('"a"'), said('"a"'), undefined],
    [said('"a"'), said('"b"'), 'its ETag was "a" and is "b"'],
    [said(), said(), "it was served by http://one.test/a and is by http://two.test/b"],
    [said('"a"'), said(), "it was served by http://one.test/a and is by http://two.test/b"],
  ];
  for (const [first, second, doubt] of table) {
    const memory = new MirrorMemory(URL);
    memory.begin(places[0], first);
    assertEquals(memory.judge(places[1], second).doubt, doubt);
  }
});

Deno.test("MirrorMemory: validators of any length make a short message", () => {
  const [one, other] = [`"${"a".repeat(10_240)}"`, `"${"b".repeat(10_240)}"`];
  const pairs = [[said(one), said(other)], [said(one), said(one)], [
    said(undefined, one),
    said(undefined, other),
  ]];
  for (const [first, second] of pairs) {
    const memory = new MirrorMemory(URL);
    memory.begin(URL, first!);
    for (const text of [memory.said(URL, second!), memory.judge(URL, second!).doubt ?? ""]) {
      assert(text.length < 250, `${text.length}`);
    }
    const far = `http://two.test/${"c".repeat(10_240)}`;
    assert(memory.judge(far, said()).doubt!.length < 250);
  }
});

Deno.test("MirrorMemory of a suspect: validators prove nothing, but contradictions are doubts", () => {
  const memory = new MirrorMemory(URL, undefined, { isSuspect: true });
  memory.begin(URL, said('"a"'));
  memory.ranges = true;
  assertEquals(memory.ifRange(URL), undefined);
  assertEquals(memory.judge(URL, said('"a"')), { proof: "pieces", doubt: undefined });
  assertEquals(memory.judge(URL, said('"b"')).doubt, 'its ETag was "a" and is "b"');
  assertEquals(memory.wavers, false);
  memory.accept(URL, said('"b"'));
  assertEquals(memory.wavers, true);
});

Deno.test("MirrorMemory: what an earlier download found out is not found out again", () => {
  const known = { url: URL, location: undefined, validators: said('"a"'), unreliable: true };
  const memory = new MirrorMemory(URL, known);
  assertEquals([memory.unreliable, memory.wavers], [true, false]);
  const unconditional = { ...known, unreliable: undefined, unconditional: true };
  const other = new MirrorMemory(URL, unconditional);
  assertEquals([other.ifRange(URL), other.known?.unconditional], [undefined, true]);
});
