import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { LiveRequest } from "../../lib/scheduler/requests/live_request.ts";
import { Hand, PROBE } from "../support/scheduler/hand.ts";
import type { TestOptions } from "../support/scheduler/scheduler_options.ts";
import { commands, consume, refuse, SIZE } from "../support/scheduler/streams.ts";

/** A lone mirror with the adaptive algorithm, and room for `windowSize` bytes. */
function lone(options: TestOptions = {}): Hand {
  return new Hand(1, { delay: "adaptive", splitSize: 100_000, windowSize: 200_000, ...options });
}

/** The first bytes of an open-ended response have arrived; it goes on to `end`. */
function answered(hand: Hand, end = SIZE, size = SIZE): Hand {
  const { id, start } = hand.of(0)!;
  hand.now += 50;
  hand.respond(0, { type: "partial", start, end, size });
  hand.handle({ type: "sampled", request: id, length: PROBE, digest: "same" });
  return hand;
}

/**
 * Bytes of a stream arrive for so many milliseconds, at 4 MB/s. Once, after 2 MB, they pause for long, as those
 * of a server do that limits its connections: several are of use.
 */
function deliver(hand: Hand, stream: LiveRequest, ms = 5): void {
  const length = Math.min(4000 * ms, stream.end - stream.position);
  const pauses = stream.position < 2 * SIZE && stream.position + length >= 2 * SIZE;
  hand.now += pauses ? 300 : ms;
  hand.handle({ type: "bytes", request: stream.id, length });
}

/** All that may be read arrives, at 1 MB/s. */
function arrive(hand: Hand): number {
  const { position, end } = hand.of(0)!;
  hand.now += (end - position) / 1000;
  hand.bytes(0, end - position);
  return end - position;
}

Deno.test("Scheduler: a lone mirror is asked for everything, and its sample is the beginning", () => {
  const [start] = commands(lone(), "start");
  const { kind, end, form, readTo } = start!;
  assertEquals({ kind, end, form, readTo }, {
    kind: "probe",
    end: undefined,
    form: "open",
    readTo: PROBE,
  });
  const [wanted] = commands(lone({ start: 5, end: 70 }), "start");
  assertEquals([wanted!.start, wanted!.end, wanted!.form, wanted!.readTo], [
    5,
    70,
    "bounded",
    5 + PROBE,
  ]);
});

Deno.test("Scheduler: one request to a lone mirror is enough, and no more is read than the window holds", () => {
  const hand = answered(lone());
  assertEquals(hand.types().slice(0, 4), ["start", "open", "accept", "read"]);
  let read = PROBE;
  while (hand.outcome === undefined) {
    const { heldBytes, ledger, windowSize } = hand.scheduler;
    assert(heldBytes + ledger.askedBytes <= windowSize);
    read += arrive(hand);
    consume(hand);
  }
  assertEquals([hand.outcome, read], ["finish", SIZE]);
  assertEquals(commands(hand, "start").length, 1);
  // Every block is reported once, when it is asked for.
  assertEquals(hand.events("send").map(({ block }) => block), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(hand.scheduler.mirrors[0]!.requests, 1);
});

Deno.test("Scheduler: under a limit one request to a lone mirror is enough, too, and as much is read as the limit allows", () => {
  const hand = answered(lone({ maxRate: 500_000 }));
  while (hand.outcome === undefined) {
    const { scheduler } = hand;
    const stream = hand.of(0)!;
    if (stream.isExhausted) {
      hand.now = Math.max(hand.now, scheduler.wakeAt);
      hand.handle({ type: "timeout" });
      // What may be read is worth a tenth of a second.
      assert(stream.end - stream.position <= 50_000, `${stream.end - stream.position}`);
    } else arrive(hand);
    consume(hand);
    assert(scheduler.ledger.receivedBytes <= 500 * hand.now + 50_000);
  }
  assertEquals([hand.outcome, commands(hand, "start").length], ["finish", 1]);
  // Two seconds, but for the last piece.
  assert(hand.now >= 1900, `${hand.now} ms`);
});

Deno.test("Scheduler: a stream that is not read for lack of room is not silent, and no request joins it", () => {
  const hand = answered(lone());
  while (!hand.of(0)!.isExhausted) arrive(hand);
  assertEquals([hand.scheduler.heldBytes, hand.scheduler.wakeAt], [200_000, Infinity]);
  hand.now += 3_600_000;
  consume(hand);
  assertEquals(commands(hand, "cancel"), []);
  assert(hand.of(0)!.end > 200_000);
  // From now on it is expected to deliver.
  assert(hand.scheduler.wakeAt <= hand.now + 10_000);
});

Deno.test("Scheduler: what was buffered while a stream was not read says nothing about the link", () => {
  const hand = answered(lone({ windowSize: 2_000_000 }), 10 * SIZE, 10 * SIZE);
  const { link } = hand.scheduler.mirrors[0]!;
  /** Bytes arrive at a rate in bytes per millisecond. */
  const read = (rate: number, bytes: number): void => {
    for (let left = bytes; left > 0;) {
      const { id, position, end } = hand.of(0)!;
      const length = Math.min(10_000, left, end - position);
      if (length === 0) return;
      hand.now += length / rate;
      hand.handle({ type: "bytes", request: id, length });
      left -= length;
    }
  };
  read(1000, 3_000_000);
  assert(hand.of(0)!.isExhausted);
  const before = link.bytesPerSecond(hand.now);
  assert(before > 0.9e6 && before < 1.1e6, `${before}`);
  // A slow consumer: again and again, what is waiting arrives at once.
  for (let turn = 0; turn < 10; turn++) {
    hand.now += 500;
    hand.handle({ type: "consumed", bytes: 300_000 });
    read(100_000, Infinity);
  }
  assertAlmostEquals(link.summary(hand.now)!.bytesPerSecond, before, 1);
  // A fast one: after what was buffered, the link is measured again.
  hand.now += 500;
  for (let turn = 0; turn < 50; turn++) {
    hand.handle({ type: "consumed", bytes: 100_000 });
    read(2000, 100_000);
  }
  assert(link.bytesPerSecond(hand.now) > 1.8e6, `${link.bytesPerSecond(hand.now)}`);
});

Deno.test("Scheduler: a stream that breaks after a long pause goes on, and that is no failure", () => {
  for (const [pausedMs, failures] of [[20, 1], [60_000, 0]] as const) {
    const hand = answered(lone());
    while (!hand.of(0)!.isExhausted) arrive(hand);
    hand.now += pausedMs;
    consume(hand);
    hand.bytes(0, 1000);
    hand.fail(0);
    const [mirror] = hand.scheduler.mirrors;
    assertEquals(mirror!.totalFailures, failures, `${pausedMs} ms`);
    // What is left is asked for at once, in one piece.
    const { start, end, form } = commands(hand, "start").at(-1)!;
    assertEquals([start, end, form], [201_000, SIZE, "open"]);
  }
});

Deno.test("Scheduler: a lone mirror whose response ends early is asked for all that is left", () => {
  const hand = answered(lone(), 50_000);
  hand.bytes(0, 50_000 - PROBE);
  hand.end(0);
  const { start, end, form } = commands(hand, "start").at(-1)!;
  assertEquals([start, end, form], [50_000, SIZE, "open"]);
  // In a part of a file, its end is stated.
  const part = lone({ end: 900_000 });
  const { id } = part.of(0)!;
  part.respond(0, { type: "partial", start: 0, end: 50_000, size: SIZE });
  part.handle({ type: "sampled", request: id, length: PROBE, digest: "same" });
  part.bytes(0, 50_000 - PROBE);
  part.end(0);
  const rest = commands(part, "start").at(-1)!;
  assertEquals([rest.start, rest.end, rest.form], [50_000, 900_000, "bounded"]);
});

Deno.test("Scheduler: a file that ends within the sample ends the first request", () => {
  const hand = lone();
  const { id } = hand.of(0)!;
  hand.respond(0, { type: "partial", start: 0, end: 3, size: 3 });
  hand.handle({ type: "sampled", request: id, length: 3, digest: "same" });
  assertEquals(hand.outcome, "finish");
});

Deno.test("Scheduler: with several lanes, a lone mirror's other connections share what its stream has not", () => {
  const options = { maxConnectionsPerMirror: 5, windowSize: 10_000_000 };
  const hand = answered(lone(options), 10 * SIZE, 10 * SIZE);
  const stream = hand.of(0)!;
  // What it delivers has to be known first.
  assertEquals(commands(hand, "start").length, 1);
  while (commands(hand, "start").length === 1) deliver(hand, stream);
  const others = [...hand.scheduler.requests].slice(1);
  assert(hand.now >= 150, `${hand.now} ms`);
  // Behind what the stream delivers until the answer.
  assert(others[0]!.start >= stream.end, `${others[0]!.start}`);
  assert(others.every(({ isStream }) => !isStream));
  const answer = ({ id, start, end }: LiveRequest): void =>
    hand.handle({ type: "response", request: id, answer: { type: "partial", start, end } });
  // It goes on meanwhile. What follows belongs to others then; but until they have delivered, it is kept.
  while (stream.position < others[0]!.start - 20_000) deliver(hand, stream);
  others.forEach(answer);
  while (stream.position < others[0]!.start) deliver(hand, stream);
  assertEquals([stream.isExhausted, commands(hand, "cancel")], [true, []]);
  assertEquals(hand.scheduler.ledger.isFree(stream.position), false);
  for (let turn = 0; turn < 8 && commands(hand, "cancel").length === 0; turn++) {
    const { id, start, end } = [...hand.scheduler.requests].find((one) => one !== stream)!;
    hand.handle({ type: "bytes", request: id, length: end - start });
    hand.handle({ type: "ended", request: id });
    [...hand.scheduler.requests].filter(({ answeredAt }) => answeredAt === undefined)
      .forEach(answer);
  }
  hand.handle({ type: "timeout" });
  assertEquals(commands(hand, "cancel")[0]!.request, stream.id);
});

/**
 * A stream has come to what others own, whose requests have not been answered; a file of 10 MB with four
 * connections.
 */
function blocked(): { hand: Hand; stream: LiveRequest; others: readonly LiveRequest[] } {
  const options = { maxConnectionsPerMirror: 4, windowSize: 20_000_000 };
  const hand = answered(lone(options), 10 * SIZE, 10 * SIZE);
  const stream = hand.of(0)!;
  while (commands(hand, "start").length === 1 || stream.position < others()[0]!.start) {
    deliver(hand, stream);
  }
  function others(): LiveRequest[] {
    return [...hand.scheduler.requests].filter((one) => one !== stream);
  }
  return { hand, stream, others: others() };
}

/** The stream delivers the rest; returns the number of requests that were sent. */
function streamRest(hand: Hand, stream: LiveRequest, status: number): number {
  for (let turn = 0; hand.outcome === undefined && turn < 20_000; turn++) {
    for (const other of hand.scheduler.requests) {
      if (other !== stream && other.answeredAt === undefined) refuse(hand, other, status);
    }
    hand.now += 5;
    const length = Math.min(5000, stream.end - stream.position);
    if (length > 0) hand.handle({ type: "bytes", request: stream.id, length });
    else hand.handle({ type: "timeout" });
    consume(hand);
  }
  return commands(hand, "start").length;
}

Deno.test("Scheduler: a stream whose mirror refuses every other request takes back what they owned", () => {
  for (const status of [401, 403, 404, 410, 429, 503]) {
    const { hand, stream, others } = blocked();
    for (const other of others) refuse(hand, other, status);
    const requests = streamRest(hand, stream, status);
    assertEquals([hand.outcome, stream.position], ["finish", 10 * SIZE], `${status}`);
    assert(requests < 12, `${status}: ${requests} requests`);
  }
});

Deno.test("Scheduler: a stream is read over what others have delivered, where no other request is answered any more", () => {
  for (const answers of [1, 2, 3]) {
    const { hand, stream, others } = blocked();
    for (const { id, start, end } of others.slice(0, answers)) {
      hand.handle({ type: "response", request: id, answer: { type: "partial", start, end } });
      hand.handle({ type: "bytes", request: id, length: end - start });
      hand.handle({ type: "ended", request: id });
    }
    streamRest(hand, stream, 429);
    const end = [hand.outcome, stream.position];
    assertEquals(end, ["finish", 10 * SIZE], `${answers} answers`);
  }
});

Deno.test("Scheduler: a stream goes on where a request for what follows is not answered for long", () => {
  const { hand, stream, others } = blocked();
  for (let turn = 0; turn < 50 && stream.isExhausted; turn++) {
    hand.now += 20;
    hand.handle({ type: "timeout" });
  }
  assertEquals([stream.isExhausted, others[0]!.claimEnd], [false, others[0]!.start]);
  assertEquals(commands(hand, "cancel"), []);
});

Deno.test("Scheduler: a mirror that comes into use beside a stream finds free what it does not own", () => {
  const hand = new Hand(2, {
    delay: "adaptive",
    splitSize: 100_000,
    windowSize: 10_000_000,
  });
  hand.fail(1, { reason: "status", status: 503, retryAfterMs: 2000 });
  hand.now = 100;
  hand.probed(0, { type: "partial", start: 0, end: PROBE, size: SIZE });
  const stream = hand.of(0)!;
  assertEquals([stream.isStream, stream.bodyEnd], [true, SIZE]);
  hand.respond(0, { type: "partial", start: PROBE, end: SIZE, size: SIZE });
  while (hand.now < 2000) {
    hand.now += 100;
    hand.handle({ type: "bytes", request: stream.id, length: 1000 });
    while (hand.scheduler.wakeAt <= hand.now) hand.handle({ type: "timeout" });
  }
  hand.probed(1, { type: "partial", start: 0, end: PROBE, size: SIZE });
  const [range] = [...hand.scheduler.requests].filter(({ mirror }) =>
    mirror === hand.scheduler.mirrors[1]
  );
  assert(range !== undefined && range.start >= stream.claimEnd, `${range?.start}`);
  assertEquals(range!.isStream, false);
});

Deno.test("Scheduler: what is tried beside a steady stream lies at the end of the file, and whatever becomes of it, the file is complete", () => {
  for (const fate of ["delivered", "refused", "not answered", "silent"]) {
    const hand = answered(
      lone({ maxConnectionsPerMirror: 4, windowSize: 4 * SIZE }),
      10 * SIZE,
      10 * SIZE,
    );
    const stream = hand.of(0)!;
    const seen = new Set<LiveRequest>([stream]);
    const tried: LiveRequest[] = [];
    for (let turn = 0; hand.outcome === undefined && turn < 5000; turn++) {
      hand.now += 5;
      const length = Math.min(5000, stream.end - stream.position);
      if (length > 0) hand.handle({ type: "bytes", request: stream.id, length });
      else hand.handle({ type: "timeout" });
      consume(hand);
      for (const other of [...hand.scheduler.requests]) {
        const { id, start, end } = other;
        if (seen.has(other)) continue;
        seen.add(other);
        // At the end of the file, the stream has come to what was tried.
        const isTrial = stream.position < 8.9 * SIZE;
        if (isTrial) tried.push(other);
        if (isTrial && fate === "not answered") continue;
        if (fate === "refused" || (!isTrial && fate !== "silent")) {
          refuse(hand, other, 403);
          continue;
        }
        hand.handle({ type: "response", request: id, answer: { type: "partial", start, end } });
        if (isTrial && fate === "silent") continue;
        hand.handle({ type: "bytes", request: id, length: end - start });
        hand.handle({ type: "ended", request: id });
      }
    }
    assertEquals(hand.outcome, "finish", fate);
    const atEnd = tried.filter(({ start }) => start > 8.9 * SIZE);
    assert(tried.length > 0 && tried[0] === atEnd[0], fate);
    // What is kept of them leaves the stream most of the window.
    const bytes = atEnd.reduce((sum, { start, end }) => sum + end - start, 0);
    assert(bytes <= SIZE, `${fate}: ${bytes} bytes`);
    assert(hand.now < 15_000, `${fate}: ${hand.now} ms`);
  }
});
