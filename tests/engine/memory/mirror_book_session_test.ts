import { assertAlmostEquals, assertEquals } from "@std/assert";
import { MirrorError } from "../../../lib/errors.ts";
import { Mirror } from "../../../lib/scheduler/mirror/mirror.ts";
import { BookSession, MirrorBook } from "../../../lib/engine/memory/mirror_book.ts";

const URL = "http://one.test/file";
const DATE = 1_700_000_000_000;
const OLD = { bytesPerSecond: 3e6, latencyMs: 20 };
const KIB = 1024;

/** A mirror that has brought bytes for half a second, 40 ms after they were asked for. */
function mirror({ url = URL, bytes = 512 * KIB, serves = "ranges" as Mirror["service"] } = {}) {
  const one = new Mirror(url);
  if (serves !== "unknown") one.serve(serves);
  one.link.answered({ startedAt: 0, cold: true }, 40);
  one.link.rate.resume(40);
  for (let part = 1; part <= 8; part++) one.received(bytes / 8, 40 + part * 62.5);
  return one;
}

function learned(mirrors: readonly Mirror[], book = new MirrorBook()) {
  const urls = mirrors.map(({ url }) => url);
  new BookSession(book, urls, DATE).record(mirrors, 540, DATE);
  return urls.map((url) => book.get(url, DATE));
}

Deno.test("BookSession.record() records the rate and the latency of a link", () => {
  const [known] = learned([mirror()]);
  assertAlmostEquals(known!.bytesPerSecond, 1024 * KIB, 1);
  assertAlmostEquals(known!.latencyMs, 20, 1e-6);
});

Deno.test("BookSession.record() records no guess", () => {
  const table: [one: Mirror, known: boolean][] = [
    [mirror({ bytes: 256 * KIB }), true],
    [mirror({ bytes: 256 * KIB - 8 }), false],
    [mirror({ serves: "whole" }), false],
    [new Mirror(URL), false],
  ];
  for (const [one, known] of table) assertEquals(learned([one])[0] !== undefined, known);
  const failed = mirror();
  failed.link.reset();
  assertEquals(learned([failed]), [undefined]);
});

Deno.test("BookSession.record(): figures known before are not recorded again", () => {
  const book = new MirrorBook();
  book.set(URL, OLD, DATE - 1000);
  const session = new BookSession(book, [URL], DATE);
  assertEquals(session.known, [OLD]);
  const failed = new Mirror(URL, { known: session.known[0] });
  failed.serve("ranges");
  failed.received(512 * KIB, 100);
  failed.link.reset();
  session.record([failed], 200, DATE);
  assertEquals(book.toJSON().origins["http://one.test"]?.learnedAtMs, DATE - 1000);
});

Deno.test("BookSession.record(): mirrors on one origin are mixed", () => {
  const urls = [`${URL}/1`, `${URL}/2`] as const;
  const [known, again] = learned([
    mirror({ url: urls[0], bytes: 8192 * KIB }),
    mirror({ url: urls[1], bytes: 512 * KIB }),
  ]);
  assertEquals(again, known);
  // 16 ** (1 / 4) is 2.
  assertAlmostEquals(known!.bytesPerSecond, 2 * 1024 * KIB, 10);
});

Deno.test("BookSession: a clock that does not see the latency does no harm", () => {
  const quick = mirror();
  quick.link.answered({ startedAt: 0, cold: false }, 0);
  for (let i = 0; i < 2000; i++) quick.link.answered({ startedAt: 0, cold: false }, 0);
  assertEquals(quick.link.latencyMs, 0);
  assertEquals(learned([quick])[0]?.latencyMs, 0.001);
});

Deno.test("BookSession without a book knows nothing, and keeps nothing", () => {
  const session = new BookSession(undefined, [URL, `${URL}/2`], DATE);
  assertEquals(session.known, [undefined, undefined]);
  session.record([mirror()], 540, DATE);
});

Deno.test("BookSession.distrust() is for mirrors that had the file, also where they were too slow", () => {
  const failure = new MirrorError("gone", {
    ...{ mirror: URL, phase: "headers", reason: "status", retryable: false },
  });
  const table: [change: (one: Mirror) => void, unreliable: boolean][] = [
    [() => {}, true],
    [(one) => one.retire(), true],
    [(one) => one.close(), true],
    [(one) => one.wait(1000, failure), true],
    [(one) => one.drop(failure), false],
  ];
  for (const [change, unreliable] of table) {
    const [one, book] = [mirror(), new MirrorBook()];
    change(one);
    new BookSession(book, [URL], DATE).distrust([one], [URL], DATE);
    assertEquals(book.isUnreliable(URL, DATE), unreliable, one.state.type);
  }
});
