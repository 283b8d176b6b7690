import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { SpeedWatch, tooSlow, type WatchedMirror } from "../../../lib/scheduler/failure/speeds.ts";
import { NoMirrorLeftError } from "../../../lib/errors.ts";
import { Hand, urlOf } from "../../support/scheduler/hand.ts";
import { limitOf, UNLIMITED } from "../../support/scheduler/views.ts";
import { type SimulatedMirror, TESTBED } from "../../support/simulator/mirror.ts";
import { simulate } from "../../support/simulator/simulator.ts";

/** 100 bytes per second, over 10 s. */
const LOWEST = { bytesPerSecond: 100, periodMs: 10_000 };

const FREE = { limit: UNLIMITED, windowIsFull: false };

type Live = WatchedMirror["live"][number];

/** A mirror that is watched, a second at a time. */
class Watched implements WatchedMirror {
  readonly url = "http://one.test/";
  bytes = 0;
  live: Live[] = [];
  now = 0;
  restraints = FREE;
  readonly watch = new SpeedWatch(LOWEST);

  constructor(facts: Partial<Live> = {}) {
    this.ask(facts);
    this.watch.excuse(this, 0);
  }

  ask(facts: Partial<Live> = {}): void {
    this.live = [{
      kind: "range",
      held: false,
      isExhausted: false,
      startedAt: this.now,
      dueAt: this.now,
      ...facts,
    }];
  }

  /** So many bytes come in each of some seconds; what is too little, if it is. */
  run(seconds: number, bytesPerSecond: number): number | undefined {
    for (let second = 0; second < seconds; second++) {
      this.now += 1000;
      this.bytes += bytesPerSecond;
      const rate = this.watch.look(this, this.restraints, this.now);
      if (rate !== undefined) return rate;
    }
    return undefined;
  }
}

Deno.test("SpeedWatch: a mirror that is too slow for the whole period is found, and not before", () => {
  const mirror = new Watched();
  assertEquals(mirror.run(9, 99), undefined);
  assertEquals(mirror.run(1, 99), 99);
  assertEquals(new Watched().run(100, 100), undefined);
});

Deno.test("SpeedWatch: the mean over the period counts", () => {
  const mirror = new Watched();
  assertEquals(mirror.run(9, 0), undefined);
  assertEquals(mirror.run(1, 1000), undefined);
  // That second keeps it up for as long as it is one of the last ten.
  assertEquals(mirror.run(9, 0), undefined);
  assertEquals(mirror.run(1, 0), 0);
});

Deno.test("SpeedWatch: time without a request does not count", () => {
  const mirror = new Watched();
  mirror.run(9, 0);
  mirror.live = [];
  assertEquals(mirror.run(1000, 0), undefined);
  assertEquals(mirror.watch.dueAt(mirror, FREE), Infinity);
  mirror.ask();
  assertEquals(mirror.watch.dueAt(mirror, FREE), mirror.now + 1000);
  assertEquals(mirror.run(1, 0), 0);
});

Deno.test("SpeedWatch: a body that is held back does not count", () => {
  for (const facts of [{ held: true }, { kind: "whole" }] as const) {
    const mirror = new Watched(facts);
    mirror.restraints = { limit: UNLIMITED, windowIsFull: true };
    assertEquals(mirror.run(100, 0), undefined);
  }
  // Room in the window is no matter of a range.
  const mirror = new Watched();
  mirror.restraints = { limit: UNLIMITED, windowIsFull: true };
  assertEquals(mirror.run(10, 0), 0);
});

Deno.test("SpeedWatch: under a limit only what is late counts, and a whole file not at all", () => {
  const table = [
    ["range", 4000, 14],
    ["range", -1000, 10],
    ["whole", -1000, Infinity],
  ] as const;
  for (const [kind, dueAt, seconds] of table) {
    const mirror = new Watched({ kind, dueAt });
    mirror.restraints = { limit: limitOf(1, 1e9), windowIsFull: false };
    const before = Math.min(1000, seconds - 1);
    assertEquals(mirror.run(before, 0), undefined, `${kind}, due at ${dueAt}`);
    if (seconds < Infinity) assertEquals(mirror.run(1, 0), 0, `${kind}, due at ${dueAt}`);
  }
});

Deno.test("SpeedWatch: excused time does not count", () => {
  const mirror = new Watched();
  mirror.run(5, 0);
  mirror.now = 3_600_000;
  mirror.watch.excuse(mirror, mirror.now);
  assertEquals(mirror.run(4, 0), undefined);
  assertEquals(mirror.run(1, 0), 0);
});

Deno.test("tooSlow() says how slow, for how long, and the lowest rate", () => {
  const table = [
    [1234, 10_000, "delivered 1.2 kB/s for 30 s, less than the lowest rate of 10 kB/s"],
    [0, 500, "delivered 0 B/s for 30 s, less than the lowest rate of 500 B/s"],
    [1_990_000, 2e6, "delivered 1.9 MB/s for 30 s, less than the lowest rate of 2 MB/s"],
  ] as const;
  for (const [rate, bytesPerSecond, message] of table) {
    const error = tooSlow(new Watched(), rate, { bytesPerSecond, periodMs: 30_000 });
    assertEquals(error.message, `http://one.test/: ${message}`);
    assertEquals([error.reason, error.retryable], ["timeout", false]);
  }
});

Deno.test("Scheduler: a mirror that is too slow is dropped, the others go on", () => {
  const hand = new Hand(2, { lowestRate: { bytesPerSecond: 1, periodMs: 10_000 } }).open(1000);
  const [late] = [hand.of(0)!.id];
  hand.respond(0);
  while (hand.scheduler.mirrors[0]!.alive && hand.now < 60_000) {
    hand.now += 500;
    if (hand.now % 2000 === 0) hand.bytes(0, 1);
    if (hand.of(1) !== undefined) hand.deliver(1);
    hand.handle({ type: "consumed", bytes: hand.scheduler.heldBytes });
  }
  assert(hand.now >= 10_000 && hand.now <= 11_000, `${hand.now}`);
  const [failure] = hand.events("failure");
  assertEquals([failure!.mirror, failure!.retryInMs], [urlOf(0), undefined]);
  const message = "delivered 0.8 B/s for 10 s, less than the lowest rate of 1 B/s";
  assertStringIncludes(failure!.message, message);
  assert(hand.commands.some((command) => command.type === "cancel" && command.request === late));
  assertEquals(hand.scheduler.mirrors.map(({ state }) => state.type), ["dropped", "ready"]);
  assertEquals(hand.outcome, undefined);
});

Deno.test("Scheduler: an idle mirror takes over at once when another is found too slow by its own event", () => {
  const patient = { idleTimeoutMs: 1e6, connectTimeoutMs: 1e6, stallTimeoutMs: 1e6 };
  const lowestRate = { bytesPerSecond: 1, periodMs: 10_000 };
  const hand = new Hand(2, { ...patient, lowestRate, splitSize: 1000, windowSize: 1e5 }).open(1500);
  hand.respond(0);
  hand.deliver(1);
  assertEquals(hand.asked(1), undefined);
  // Only its own bytes give occasion to notice.
  while (hand.scheduler.mirrors[0]!.alive && hand.now < 60_000) {
    hand.now += 500;
    hand.bytes(0, hand.now % 2000 === 0 ? 1 : 0);
  }
  assert(hand.now <= 11_000, `${hand.now}`);
  assert(hand.asked(1) !== undefined);
});

Deno.test("Scheduler: when all mirrors are too slow, the error says so for each", () => {
  const hand = new Hand(2, { lowestRate: { bytesPerSecond: 5, periodMs: 1_000 } }).open(1000);
  while (hand.outcome === undefined && hand.now < 5000) hand.sleep();
  const error = hand.outcome as NoMirrorLeftError;
  assert(error instanceof NoMirrorLeftError);
  assertEquals(error.message.match(/less than the lowest rate of 5 B\/s/g)?.length, 2);
  assert(hand.now >= 1000 && hand.now < 1100, `${hand.now}`);
});

Deno.test("Scheduler: a process that stood still finds no mirror too slow", () => {
  const hand = new Hand(1, { lowestRate: { bytesPerSecond: 1, periodMs: 10_000 } }).open(1000);
  hand.respond(0);
  hand.now += 3_600_000;
  hand.bytes(0, 1);
  assertEquals(hand.events("failure"), []);
});

/** Returns the mirrors that are dropped on the way. */
function givenUp(
  links: readonly SimulatedMirror[],
  options: Omit<Parameters<typeof simulate>[0], "links">,
): string[] {
  const { error, events, scheduler } = simulate({ links, slowStart: true, ...options });
  assertEquals([error, scheduler.ledger.complete], [undefined, true]);
  const dropped = events.flatMap((event) =>
    event.type === "mirror" && event.state === "dropped" ? [event.mirror] : []
  );
  return dropped.map((url) => url.slice("http://mirror".length, -".test/file".length));
}

const LAME: SimulatedMirror = { bytesPerSecond: 5000, roundTripMs: 50 };

for (const delay of ["adaptive", undefined] as const) {
  const which = delay ?? "diff";
  Deno.test(`lowestRate: with ${which}, a lame mirror is dropped, and no other`, () => {
    const lowestRate = { bytesPerSecond: 50_000, periodMs: 5_000 };
    const options = { size: 400e6, lowestRate, ...(delay && { delay }) };
    assertEquals(givenUp([...TESTBED, LAME], options), ["3"]);
  });

  Deno.test(`lowestRate: with ${which}, neither a slow consumer nor a limit makes a mirror look slow`, () => {
    const lowestRate = { bytesPerSecond: 100_000, periodMs: 2_000 };
    const all = { size: 2e6, lowestRate, ...(delay && { delay }) };
    const slowConsumer = { consumerBytesPerSecond: 50_000, windowSize: 400_000, splitSize: 50_000 };
    assertEquals(givenUp(TESTBED, { ...all, ...slowConsumer }), []);
    assertEquals(givenUp(TESTBED, { ...all, maxRate: 50_000, splitSize: 5000 }), []);
    const far = [{ bytesPerSecond: 5e6, roundTripMs: 300 }];
    assertEquals(givenUp(far, { ...all, maxRate: 50_000, splitSize: 5000 }), []);
  });
}

Deno.test("lowestRate: a lame mirror is found under a limit, too, if it holds up the download", () => {
  const lowestRate = { bytesPerSecond: 10_000, periodMs: 5_000 };
  const links = [{ ...LAME, bytesPerSecond: 500 }];
  const { error } = simulate({
    links,
    size: 50_000,
    lowestRate,
    maxRate: 20_000,
    delay: "adaptive",
  });
  assertStringIncludes(
    (error as NoMirrorLeftError).message,
    "less than the lowest rate of 10 kB/s",
  );
});
