import { assertEquals } from "@std/assert";
import type { MirrorError } from "../../../lib/errors.ts";
import { ConnectionBudget } from "../../../lib/scheduler/host/connection_budget.ts";
import { HostLimits } from "../../../lib/scheduler/host/host_limits.ts";
import { Hand } from "../../support/scheduler/hand.ts";
import { RETRY } from "../../support/scheduler/scheduler_options.ts";

/** A process whose connections, each of another mirror, were opened until `failing` of them could not be. */
function exhausted(opened: number, failing: number): ConnectionBudget<number> {
  const budget = new ConnectionBudget<number>();
  for (let mirror = 0; mirror < opened + failing; mirror++) budget.sent(mirror);
  for (let mirror = opened; mirror < opened + failing; mirror++) {
    budget.ended(mirror, false, 0);
    budget.exhausted(0);
  }
  return budget;
}

Deno.test("ConnectionBudget: without a failure there is no limit", () => {
  const budget = exhausted(1000, 0);
  assertEquals([budget.room(0, 0), budget.lookAt(0), budget.isExceeded(0)], [
    Infinity,
    Infinity,
    false,
  ]);
});

Deno.test("ConnectionBudget.exhausted(): what could be opened, less a few for files, is the limit", () => {
  for (const failing of [1, 5, 100]) {
    const budget = exhausted(20, failing);
    let ended = 0;
    for (; budget.room(99, 0) === 0; ended++) budget.ended(ended, false, 0);
    assertEquals(20 - ended, 13, `${failing} failures`);
  }
});

Deno.test("ConnectionBudget: a connection that is kept has its place, for its mirror", () => {
  const budget = exhausted(20, 1);
  for (let mirror = 0; mirror < 7; mirror++) budget.ended(mirror, false, 0);
  budget.ended(7, true, 0);
  // 12 are live and one is kept, of 14.
  assertEquals([budget.room(7, 0), budget.room(8, 0), budget.isExceeded(0)], [2, 1, false]);
  budget.sent(7);
  assertEquals([budget.room(7, 0), budget.room(8, 0)], [1, 1]);
});

Deno.test("ConnectionBudget.isExceeded(): idle connections are closed where there are too many", () => {
  const budget = exhausted(20, 1);
  assertEquals(budget.isExceeded(0), false);
  budget.ended(0, true, 0);
  assertEquals(budget.isExceeded(0), true);
  budget.closeKept();
  assertEquals([budget.isExceeded(0), budget.room(0, 0)], [false, 0]);
});

Deno.test("ConnectionBudget: idle connections are the cause of a first failure within the limit, others of the next", () => {
  const budget = exhausted(20, 1);
  for (let mirror = 0; mirror < 20; mirror++) budget.ended(mirror, false, 0);
  assertEquals(budget.room(0, 2000), 14);
  // It was another one that the process has not closed yet.
  assertEquals([budget.exhausted(2000), budget.room(0, 2000)], [false, 14]);
  budget.exhausted(2100);
  assertEquals(budget.room(0, 2100), 13);
});

Deno.test("ConnectionBudget: one connection may always be opened, and later more", () => {
  const budget = exhausted(1, 3);
  budget.ended(0, false, 0);
  assertEquals([budget.room(0, 0), budget.room(0, 29_999), budget.room(0, 60_000)], [1, 1, 3]);
});

Deno.test("ConnectionBudget.allow(): no more connections than that, without a failure", () => {
  const budget = new ConnectionBudget<string>();
  budget.allow(3);
  for (const host of ["a", "a", "b"]) budget.sent(host);
  assertEquals([budget.room("a", 0), budget.free(0), budget.lookAt(0)], [0, 0, 500]);
  budget.ended("a", true, 0);
  // Another request to the same host can use it.
  assertEquals([budget.room("a", 0), budget.room("b", 0), budget.free(0)], [1, 0, 0]);
  budget.ended("a", false, 0);
  assertEquals([budget.room("a", 0), budget.room("b", 0), budget.free(0)], [2, 1, 1]);
  budget.allow(Infinity);
  assertEquals(budget.free(0), Infinity);
});

Deno.test("ConnectionBudget: connections that were kept for long are closed by now", () => {
  const budget = new ConnectionBudget<string>();
  budget.allow(10);
  for (let host = 0; host < 8; host++) budget.sent(`${host}`);
  for (let host = 0; host < 8; host++) budget.ended(`${host}`, true, host < 4 ? 0 : 60_000);
  assertEquals([budget.free(0), budget.free(89_000), budget.free(91_000)], [2, 2, 6]);
  budget.closeKept("7");
  assertEquals(budget.free(91_000), 7);
  assertEquals(budget.free(151_000), 10);
});

const TOO_MANY = { phase: "connect", fault: "descriptors" } as const;

Deno.test("penalize(): a connection that this process cannot open is no failure of the mirror", () => {
  const hand = new Hand(2).open(100);
  hand.respond(0);
  hand.fail(1, TOO_MANY);
  // The connections of few mirrors serve other downloads, too.
  assertEquals([hand.asked(1), hand.types().includes("reconnect")], [undefined, false]);
  hand.sleep();
  assertEquals(hand.asked(1), undefined);
  // It has its turn when the other one's connection is not in use any more.
  hand.fail(0, { retryable: false });
  hand.sleep();
  assertEquals(hand.asked(1)?.startsWith("range 4-"), true);
  const { failures, totalFailures, state } = hand.scheduler.mirrors[1]!;
  assertEquals([failures, totalFailures, state.type], [0, 0, "ready"]);
});

Deno.test("penalize(): of many mirrors, connections that are not in use are closed", () => {
  const hand = new Hand(9).open(1000);
  hand.respond(0);
  hand.fail(1, TOO_MANY);
  assertEquals(hand.types().filter((type) => type === "reconnect").length, 1);
});

Deno.test("penalize(): a download shares connections as it has from the start, however many mirrors are added", () => {
  const hand = new Hand(8).open(1000);
  hand.handle({ type: "mirror-added", url: "http://added.example/file" });
  hand.respond(0);
  hand.fail(1, TOO_MANY);
  assertEquals(hand.types().includes("reconnect"), false);
});

Deno.test("Seat.closeKept(): a download with connections of its own closes no others", () => {
  const limits = new HostLimits();
  limits.allowConnections(10);
  const [shared, apart] = [false, true].map((isApart) =>
    limits.join("http://host.example/file", () => {}, isApart)
  );
  const other = Array(9).fill("http://other.example/file");
  for (const seat of [shared!, apart!]) seat.send(0).release(0, false, true);
  assertEquals(limits.freeConnections(other, 0), 8);
  apart!.closeKept();
  assertEquals(limits.freeConnections(other, 0), 9);
  shared!.closeKept();
  assertEquals(limits.freeConnections(other, 0), 10);
});

Deno.test("penalize(): where no connection is open at all, there is nothing to wait for", () => {
  const hand = new Hand(1, { retry: { ...RETRY, attempts: 2, jitter: 0 } });
  hand.fail(0, TOO_MANY);
  hand.sleep();
  hand.fail(0, TOO_MANY);
  const { cause } = hand.outcome as { cause: MirrorError[] };
  assertEquals(cause.map(({ fault }) => fault), ["descriptors"]);
});
