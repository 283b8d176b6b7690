import { assertEquals } from "@std/assert";
import { isWaitedFor, passOver } from "../../lib/policy/kept_stream.ts";
import { Outlook } from "../../lib/policy/outlook.ts";
import { Ledger } from "../../lib/scheduler/bytes/ledger.ts";
import type { Plan, RequestView } from "../../lib/scheduler/view.ts";
import { downloadView, limitOf, requestView, sourceView } from "../support/scheduler/views.ts";

/** It has come to byte 100, and waits. */
const STREAM: RequestView = requestView({
  ...{ id: 1, start: 0, position: 100, end: 100, bodyEnd: 300, answeredAt: 0 },
  ...{ isExhausted: true, isKeptWaiting: true },
});

/** The request for what follows. */
function follower(facts: Partial<RequestView> = {}): RequestView {
  return requestView({ id: 2, start: 100, end: 200, dueAt: 1000, activeAt: 0, ...facts });
}

/** Plans at 1 s, when bytes up to 200 have been received or requested. */
function planned(others: readonly RequestView[], limitOpenAt = 0): Plan | undefined {
  const ledger = new Ledger(0, 300, 10);
  ledger.take(0, 200);
  const source = sourceView({ live: [STREAM, ...others] });
  const view = downloadView({ ledger, mirrors: [source], limit: limitOf(1, limitOpenAt) });
  return passOver(view, [new Outlook(0, source, 1000)], 1000);
}

Deno.test("passOver() reads on the stream that is kept up to the next free byte, once nothing else is on its way", () => {
  const over = { type: "extend", request: 1, end: 200 } as const;
  assertEquals(planned([]), over);
  // What was revoked, or is silent, is not waited for.
  assertEquals(planned([follower({ claimEnd: 100 })]), over);
  assertEquals(planned([follower({ dueAt: 100 })]), over);
  assertEquals(planned([follower({ kind: "check" })]), over);
  assertEquals(planned([follower()]), undefined);
  assertEquals(planned([follower({ answeredAt: 900, activeAt: 990 })]), undefined);
  assertEquals(planned([], 2000), undefined);
});

Deno.test("isWaitedFor() holds for a request that was never answered, to which the stream has come", () => {
  const outlooks = [new Outlook(0, sourceView({ live: [STREAM] }), 1000)];
  assertEquals(isWaitedFor(follower(), outlooks), true);
  assertEquals(isWaitedFor(follower({ answeredAt: 500 }), outlooks), false);
  assertEquals(isWaitedFor(follower({ start: 150 }), outlooks), false);
  const reading = sourceView({ live: [{ ...STREAM, isKeptWaiting: false }] });
  assertEquals(isWaitedFor(follower(), [new Outlook(0, reading, 1000)]), false);
});
