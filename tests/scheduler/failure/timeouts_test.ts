import { assert, assertEquals } from "@std/assert";
import {
  deadline,
  type TimedRequest,
  timeoutError,
  type TimeoutOptions,
} from "../../../lib/scheduler/failure/timeouts.ts";
import { Ledger } from "../../../lib/scheduler/bytes/ledger.ts";
import type { SourceView } from "../../../lib/scheduler/view.ts";
import {
  downloadView,
  limitOf,
  linkView,
  requestView,
  sourceView,
} from "../../support/scheduler/views.ts";

const OPTIONS: TimeoutOptions = {
  connectTimeoutMs: 5000,
  headersTimeoutMs: 4000,
  idleTimeoutMs: 3000,
  maxIdleMs: 60_000,
  stallTimeoutMs: 1000,
};

/** None is set. */
const PATIENT: TimeoutOptions = {
  ...{ connectTimeoutMs: undefined, headersTimeoutMs: undefined, idleTimeoutMs: undefined },
  ...{ maxIdleMs: 60_000, stallTimeoutMs: 1000 },
};

const mirror = sourceView;

/** A request for the second block, not for the front, that was active last at 10 000 ms. */
function request(facts: Partial<TimedRequest> = {}): TimedRequest {
  const view = requestView({ start: 10, end: 20, startedAt: 9000, dueAt: 9000, activeAt: 10_000 });
  return { mirror: mirror(), isDoubtful: false, isKept: false, ...view, ...facts };
}

/** Returns how long the request may be silent from when it was active last. */
function patience(
  live: TimedRequest,
  others: readonly SourceView[] = [],
  heldBytes = 0,
  options = OPTIONS,
): number {
  const mirrors = [live.mirror, ...others];
  const view = downloadView({ ledger: new Ledger(0, 100, 10), mirrors, heldBytes });
  return deadline(live, view, options) - live.activeAt;
}

Deno.test("deadline(): each phase has its own timeout", () => {
  assertEquals(patience(request()), 5000);
  assertEquals(patience(request({ mirror: mirror({ answerMs: 20 }) })), 4000);
  assertEquals(patience(request({ answeredAt: 9500 })), 3000);
  assertEquals(patience(request({ kind: "probe", start: 0, position: 0 })), 5000);
});

Deno.test("deadline(): by default patience ends sooner where another mirror may have the file", () => {
  const phases = [
    request(),
    request({ mirror: mirror({ answerMs: 20 }) }),
    request({ answeredAt: 9500 }),
  ];
  const table = [
    [[], 60_000],
    [[mirror()], 10_000],
    [[mirror({ service: "unknown" })], 10_000],
    [[mirror({ service: "whole" })], 10_000],
    [[mirror({ state: "retired" })], 10_000],
    [[mirror({ state: "waiting" })], 10_000],
    // One that fails is no help, and may never have been one.
    [[mirror({ failures: 1 })], 60_000],
    [[mirror({ state: "dropped" })], 60_000],
    [[mirror({ state: "dropped" }), mirror()], 10_000],
  ] as const;
  for (const live of phases) {
    for (const [others, expected] of table) {
      assertEquals(patience(live, others, 0, PATIENT), expected);
    }
  }
  assertEquals(patience(request(), [mirror()], 0, { ...PATIENT, maxIdleMs: 3000 }), 3000);
});

Deno.test("deadline(): a request that holds up the front has the stall timeout", () => {
  const other = mirror();
  const front = { start: 0, position: 0, end: 10 };
  assertEquals(patience(request(front), [other]), 1000);
  assertEquals(patience(request({ ...front, answeredAt: 9500 }), [other]), 1000);
  // Not at the front, or no other mirror that could help.
  assertEquals(patience(request(), [other]), 5000);
  assertEquals(patience(request(front)), 5000);
});

Deno.test("deadline(): only mirrors that serve ranges can help, retired ones too", () => {
  const front = request({ start: 0, position: 0, end: 10 });
  const table = [
    [{}, 1000],
    [{ state: "ready" }, 1000],
    [{ state: "retired" }, 1000],
    [{ state: "closed" }, 1000],
    [{ service: "whole" }, 5000],
    [{ service: "unknown" }, 5000],
  ] as const;
  for (const [facts, expected] of table) assertEquals(patience(front, [mirror(facts)]), expected);
});

Deno.test("deadline(): a request at the front that other requests of the only mirror pass is given up soon", () => {
  const at = (deliveredAt: number, flowingSince: number, facts: Partial<TimedRequest> = {}) => {
    const link = linkView({ flowingSince });
    const source = mirror({ answerMs: 20, deliveredAt, link });
    return patience(request({ start: 0, position: 0, end: 10, mirror: source, ...facts }));
  };
  assertEquals(at(10_001, 0), 2000);
  assertEquals(at(10_001, 0, { answeredAt: 9500 }), 2000);
  // Nothing has arrived since, or the request is not at the front.
  assertEquals(at(10_000, 0), 4000);
  assertEquals(at(10_001, 0, { start: 10, position: 10, end: 20 }), 4000);
  // The link was down: the silence before says nothing.
  assertEquals(at(11_500, 11_000), 3000);
  // Never later than without.
  assertEquals(at(13_500, 13_000), 4000);
});

Deno.test("deadline(): a distant mirror has 8 times its first answer at the front", () => {
  const at = (answerMs: number) =>
    request({ start: 0, position: 0, end: 10, answeredAt: 9500, mirror: mirror({ answerMs }) });
  assertEquals(patience(at(10), [mirror()]), 1000);
  assertEquals(patience(at(200), [mirror()]), 1600);
  // But never more than it would have elsewhere.
  assertEquals(patience(at(2000), [mirror()]), 3000);
});

Deno.test("deadline(): a request that has delivered the front's bytes no longer holds it up", () => {
  const ledger = new Ledger(0, 100, 10);
  ledger.receive(0, 10);
  const live = request({ start: 0, position: 10, end: 20 });
  const view = downloadView({ ledger, mirrors: [live.mirror, mirror()] });
  assertEquals(deadline(live, view, OPTIONS), 11_000);
  const behind = request({ position: 10, start: 10, end: 20 });
  ledger.receive(10, 30);
  assertEquals(deadline(behind, { ...view, mirrors: [behind.mirror, mirror()] }, OPTIONS), 15_000);
});

Deno.test("deadline(): a request that lost its range has the stall timeout, wherever the front is", () => {
  const table = [
    // position, claimed up to → patience
    [10, 20, 5000],
    [10, 15, 5000],
    [10, 10, 1000],
    [15, 15, 1000],
    [16, 15, 1000],
    // It has delivered all of its range.
    [20, 20, 5000],
  ] as const;
  for (const [position, claimEnd, expected] of table) {
    const live = request({ position, claimEnd });
    assertEquals(patience(live, [mirror()]), expected, `${position}, ${claimEnd}`);
    assertEquals(patience(live), 5000, "no other mirror could help");
  }
});

Deno.test("deadline(): a request that lost the front to another holds it up as long as it may deliver it", () => {
  const late = request({ start: 0, position: 0, claimEnd: 10, end: 20 });
  const ledger = new Ledger(0, 100, 10);
  ledger.receive(0, 15);
  const view = downloadView({ ledger, mirrors: [late.mirror, mirror()] });
  assertEquals(deadline(late, view, OPTIONS), 11_000);
  ledger.receive(15, 20);
  assertEquals(deadline(late, view, OPTIONS), 15_000);
});

Deno.test("deadline(): a bad piece that only one mirror can send again is waited for, though every byte has come", () => {
  const ledger = new Ledger(0, 100, 10);
  ledger.receive(0, 100);
  const until = (kind: TimedRequest["kind"], others: readonly SourceView[] = []) => {
    const live = request({ kind });
    return deadline(live, downloadView({ ledger, mirrors: [live.mirror, ...others] }), OPTIONS);
  };
  assertEquals(until("repair"), 15_000);
  assertEquals(until("repair", [mirror({ state: "dropped", service: "unknown" })]), 15_000);
  // Another mirror may have it.
  assertEquals(until("repair", [mirror()]), 11_000);
  // The end does not wait long for comparisons, nor for bytes that are no longer needed.
  for (const kind of ["check", "range"] as const) assertEquals(until(kind), 11_000);
});

Deno.test("deadline(): a body that is held back may be silent for ever", () => {
  assertEquals(patience(request({ kind: "probe", held: true, answeredAt: 9500 })), Infinity);
});

Deno.test("deadline(): a whole body is not read while there is no room, so it may be silent", () => {
  const whole = request({ kind: "whole", start: 0, answeredAt: 9500, end: Infinity });
  assertEquals(patience(whole, [], 99), 3000);
  assertEquals(patience(whole, [], 100), Infinity);
  assertEquals(patience(request({ answeredAt: 9500 }), [], 100), 3000);
});

Deno.test("deadline(): a whole body may be silent while the rate limit holds it back", () => {
  const whole = request({ kind: "whole", start: 0, answeredAt: 9500, end: Infinity });
  const view = (openAt: number) =>
    downloadView({ ledger: new Ledger(0, 100, 10), limit: limitOf(1, openAt) });
  assertEquals(deadline(whole, view(50_000), OPTIONS), 53_000);
  assertEquals(deadline(whole, view(9000), OPTIONS), 13_000);
  // A requested range is expected, whatever the limit allows besides.
  const range = request({ answeredAt: 9500 });
  assertEquals(deadline(range, view(50_000), OPTIONS), 13_000);
});

Deno.test("timeoutError() says what did not arrive, for how long, and in which phase", () => {
  const table = [
    [request(), "connect", "no response for 5.0 s"],
    [request({ mirror: mirror({ answerMs: 3 }) }), "headers", "no response for 5.0 s"],
    [request({ answeredAt: 9000 }), "body", "no further bytes for 5.0 s"],
  ] as const;
  for (const [live, phase, message] of table) {
    const error = timeoutError(live, 15_000);
    assertEquals([error.phase, error.reason, error.retryable], [phase, "timeout", true]);
    assert(error.message.endsWith(message), error.message);
    assertEquals(error.mirror, "http://one.test/");
  }
});

Deno.test("deadline(): a connection that may be dead is given up soon, and later if all depends on it", () => {
  const doubtful = { isDoubtful: true, answeredAt: 9500 };
  assertEquals(patience(request(doubtful), [], 0, PATIENT), 1000);
  assertEquals(patience(request({ ...doubtful, isKept: true }), [], 0, PATIENT), 5000);
  const slow = mirror({ answerMs: 300 });
  assertEquals(patience(request({ ...doubtful, mirror: slow }), [], 0, PATIENT), 2400);
  // What is asked for holds always.
  assertEquals(patience(request(doubtful), [], 0, { ...OPTIONS, idleTimeoutMs: 500 }), 500);
  assertEquals(patience(request({ ...doubtful, held: true }), [], 0, PATIENT), Infinity);
});
