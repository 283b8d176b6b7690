import { assertEquals, assertRejects } from "@std/assert";
import { resolveOptions } from "../../../lib/engine/options/resolve_options.ts";
import { MirrorHabits } from "../../../lib/http/mirror_habits.ts";
import { Conditions } from "../../../lib/transport/responses/conditions.ts";
import { Transport } from "../../../lib/transport/transport.ts";

const SIZE = 1_000_000;
const PART = 1000;
const URLS = ["http://one.test/file"];

interface Seen {
  readonly conditional: boolean;
  /** Answers the request. */
  readonly answer: (etag: string, status?: number) => Promise<void>;
  /** Breaks its connection. */
  readonly reset: () => Promise<void>;
}

/** A mirror that answers when the test says so. */
function heldMirror(habits: MirrorHabits = new MirrorHabits()) {
  const seen: Seen[] = [];
  const running: Promise<void>[] = [];
  const failures: unknown[] = [];
  let arrived = Promise.withResolvers<void>();
  let index = 0;
  const request = (purpose: "first" | "part" = "part"): Promise<void> => {
    const start = PART * index++;
    const requested = { start, end: start + PART, size: SIZE, purpose };
    return transport.request(0, requested, new AbortController().signal)
      .then(
        ({ body }) => body.cancel(),
        ({ status, fault }) => void failures.push(status ?? fault),
      );
  };
  const fetch = (_: unknown, init?: RequestInit): Promise<Response> => {
    const headers = new Headers(init?.headers);
    const [, start] = /^bytes=(\d+)-/.exec(headers.get("range")!)!;
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const reset: Seen["reset"] = async () => {
      reject(new TypeError("Connection reset by peer"));
      await settled();
    };
    const answer: Seen["answer"] = async (etag, status = 206) => {
      const isPart = status === 206;
      const fields = new Headers({ etag });
      if (isPart) fields.set("content-range", `bytes ${start}-${+start! + PART - 1}/${SIZE}`);
      const body = status === 204 ? null : new Uint8Array(isPart ? PART : SIZE);
      resolve(new Response(body, { status, headers: fields }));
      await settled();
    };
    seen.push({ conditional: headers.has("if-range"), answer, reset });
    arrived.resolve();
    arrived = Promise.withResolvers();
    return promise;
  };
  const transport: Transport = new Transport({
    ...resolveOptions(URLS, { fetch: fetch as typeof globalThis.fetch }),
    knownMirrors: [],
    habits,
    now: () => 0,
  });
  /** Returns requests from number `from` on, once there are so many. */
  const take = async (from: number, count: number): Promise<Seen[]> => {
    while (seen.length < from + count) await arrived.promise;
    return seen.slice(from);
  };
  return {
    /** The requests that have arrived. */
    seen,
    /** The statuses and faults of those that failed. */
    failures,
    take,
    /** Sends requests; returns those that arrive then. */
    async send(count: number, purpose?: "first"): Promise<Seen[]> {
      const before = seen.length;
      for (let i = 0; i < count; i++) running.push(request(purpose));
      return await take(before, count);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(running);
      await transport.close();
    },
  };
}

/** Waits until a response has been read as far as that takes no further request. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function conditionals(requests: readonly Seen[]): number {
  return requests.filter(({ conditional }) => conditional).length;
}

Deno.test("Conditions: one request at once has an If-Range, and one more for each that was honoured", async () => {
  await using mirror = heldMirror();
  const [first] = await mirror.send(1, "first");
  assertEquals(first!.conditional, false);
  await first!.answer('"a"');
  let honoured = 0;
  for (const expected of [1, 2, 4, 8]) {
    const requests = await mirror.send(8);
    assertEquals(conditionals(requests), expected, `after ${honoured} that were honoured`);
    for (const { answer } of requests) await answer('"a"');
    honoured += expected;
  }
});

Deno.test("Conditions: a place that answers If-Range with the whole file does so once", async () => {
  for (const etag of ['"a"', '"b"']) {
    await using mirror = heldMirror();
    const [first] = await mirror.send(1, "first");
    await first!.answer('"a"');
    const requests = await mirror.send(8);
    const [conditional, ...others] = requests;
    assertEquals(requests.map((one) => one.conditional), [true, ...others.map(() => false)]);
    await conditional!.answer(etag, 200);
    for (const { answer } of others) await answer('"a"');
    // Nothing has changed: it is asked again.
    const repeated = await mirror.take(9, etag === '"a"' ? 1 : 0);
    const later = await mirror.send(8);
    assertEquals(conditionals(mirror.seen), 1);
    for (const { answer } of [...repeated, ...later]) await answer('"a"');
  }
});

Deno.test("Conditions: an If-Range that is answered otherwise leads to no more of them", async () => {
  await using mirror = heldMirror();
  const [first] = await mirror.send(1, "first");
  await first!.answer('"a"');
  for (const etag of ['W/"a"', '"b"', '"c"']) {
    const requests = await mirror.send(8);
    assertEquals(conditionals(requests), 1);
    for (const { answer } of requests) await answer(etag);
  }
});

Deno.test("Conditions: a weak ETag is in no If-Range", async () => {
  await using mirror = heldMirror();
  const [first] = await mirror.send(1, "first");
  await first!.answer('W/"a"');
  const requests = await mirror.send(8);
  assertEquals(conditionals(requests), 0);
  for (const { answer } of requests) await answer('W/"a"');
});

Deno.test("Conditions: a request that fails with the first If-Range is sent again without, and so are all others", async () => {
  for (const how of ["reset", 204, 400, 403, 412, 500, 503] as const) {
    await using mirror = heldMirror();
    const [first] = await mirror.send(1, "first");
    await first!.answer('"a"');
    const [conditional] = await mirror.send(1);
    assertEquals(conditional!.conditional, true);
    await (how === "reset" ? conditional!.reset() : conditional!.answer('"a"', how));
    // A server that is busy is not asked again at once.
    const repeated = how === 503 ? [] : await mirror.take(2, 1);
    const later = await mirror.send(2);
    assertEquals(conditionals([...repeated, ...later]), 0, String(how));
    for (const { answer } of [...repeated, ...later]) await answer('"a"');
    assertEquals(mirror.failures, how === 503 ? [503] : []);
  }
});

Deno.test("Conditions: once an If-Range was honoured, what fails has another reason", async () => {
  for (const how of ["reset", 400] as const) {
    await using mirror = heldMirror();
    const [first] = await mirror.send(1, "first");
    await first!.answer('"a"');
    const [honoured] = await mirror.send(1);
    await honoured!.answer('"a"');
    const [failing] = await mirror.send(1);
    await (how === "reset" ? failing!.reset() : failing!.answer('"a"', how));
    const [next] = await mirror.send(1);
    assertEquals(next!.conditional, true);
    await next!.answer('"a"');
    assertEquals(mirror.failures, [how]);
  }
});

Deno.test("Conditions: a server that refuses If-Range is known to later downloads", async () => {
  for (const how of ["honoured", "reset"] as const) {
    const habits = new MirrorHabits();
    for (const isFirst of [true, false]) {
      await using mirror = heldMirror(habits);
      const [first] = await mirror.send(1, "first");
      await first!.answer('"a"');
      const [next] = await mirror.send(1);
      assertEquals(next!.conditional, isFirst || how === "honoured", how);
      if (isFirst && how === "reset") await next!.reset();
      else await next!.answer('"a"');
      const repeated = isFirst && how === "reset" ? await mirror.take(2, 1) : [];
      for (const { answer } of repeated) await answer('"a"');
    }
    assertEquals(habits.isUnconditional("http://one.test/another", 1), how === "reset");
  }
});

Deno.test("Conditions.try(): a silence that lasts until the client leaves counts, unless it is short", async () => {
  for (const [answerMs, isBlamed] of [[60_000, false], [40, true]] as const) {
    const conditions = new Conditions(answerMs);
    const left = new AbortController();
    const silent = (signal: AbortSignal) =>
      new Promise<Response>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    const answer = conditions.try('"a"', silent, left.signal);
    // A quarter of the 40 ms ends before this timer, which was started later.
    await new Promise((resolve) => setTimeout(resolve, 10));
    left.abort();
    await assertRejects(() => answer);
    assertEquals([conditions.isBlamed, conditions.isAllowed], [isBlamed, !isBlamed]);
  }
});
