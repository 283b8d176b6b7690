import { assertEquals } from "@std/assert";
import { AdaptivePolicy } from "../../lib/policy/adaptive.ts";
import { Ledger } from "../../lib/scheduler/bytes/ledger.ts";
import type { Plan, RequestView } from "../../lib/scheduler/view.ts";
import {
  downloadView,
  requestView,
  type SourceFacts,
  sourceView,
} from "../support/scheduler/views.ts";

const MIB = 1024 ** 2;
const SIZE = 100 * MIB;

/** The first MiB has been received from a stream, which has brought all that it might by now. */
const EXHAUSTED: Partial<RequestView> = {
  ...{ start: 0, position: MIB, end: MIB, claimEnd: MIB, bodyEnd: SIZE },
  ...{ answeredAt: 0, isExhausted: true },
};

/** Plans for a lone mirror with a stream, and a window of 30 MiB. */
function plan(facts: SourceFacts, stream: Partial<RequestView> = {}): Plan | undefined {
  const ledger = new Ledger(0, SIZE, MIB);
  ledger.receive(0, MIB);
  const live = [requestView({ ...EXHAUSTED, ...stream })];
  const mirrors = [sourceView({ ...facts, live })];
  const view = downloadView({ ledger, mirrors, windowSize: 30 * MIB });
  return new AdaptivePolicy().next(view, 1000);
}

Deno.test("AdaptivePolicy: a stream is read on, though no new request may be sent to its mirror", () => {
  const cases: Record<string, SourceFacts> = {
    "as usual": {},
    "one connection": { maxConnections: 1 },
    "in doubt, or without a slot of its host": { available: false, maxConnections: 1 },
    "another request was refused": { state: "waiting" },
    "several lanes": { lanes: 3, maxConnections: 4 },
    "several lanes, and a limit that was learned": {
      ...{ available: false, lanes: 3, maxConnections: 1 },
    },
  };
  for (const [name, facts] of Object.entries(cases)) {
    assertEquals(plan(facts)?.type, "extend", name);
  }
});

Deno.test("AdaptivePolicy: no stream is read on of a mirror that has been dropped", () => {
  assertEquals(plan({ state: "dropped" }), undefined);
});

Deno.test("AdaptivePolicy: a stream is read on before it has nothing more to bring", () => {
  const half = { end: 20 * MIB, claimEnd: 20 * MIB, isExhausted: false };
  const ledger = new Ledger(0, SIZE, MIB);
  ledger.receive(0, 19.5 * MIB);
  ledger.take(19.5 * MIB, 20 * MIB);
  const live = [requestView({ ...EXHAUSTED, ...half, position: 19.5 * MIB })];
  const link = { ...sourceView().link, bytesPerSecond: () => 40e6 };
  const view = downloadView({
    ledger,
    mirrors: [sourceView({ live, link })],
    windowSize: 30 * MIB,
  });
  const next = new AdaptivePolicy().next(view, 0);
  assertEquals(next?.type, "extend");
  // Much is left of another one.
  const early = [requestView({ ...EXHAUSTED, ...half, position: 2 * MIB })];
  const busy = downloadView({ ...view, mirrors: [sourceView({ live: early, link })] });
  assertEquals(new AdaptivePolicy().next(busy, 0), undefined);
});

Deno.test("AdaptivePolicy: what was given back before a stream is requested first", () => {
  const ledger = new Ledger(0, SIZE, MIB);
  ledger.take(0, SIZE);
  ledger.receive(MIB, 2 * MIB);
  ledger.giveBack(0, MIB, []);
  ledger.giveBack(2 * MIB, SIZE, []);
  const live = [
    requestView({
      ...EXHAUSTED,
      ...{ start: MIB, position: 2 * MIB, end: 2 * MIB, claimEnd: 2 * MIB },
    }),
  ];
  const view = downloadView({ ledger, mirrors: [sourceView({ live })], windowSize: 30 * MIB });
  const next = new AdaptivePolicy().next(view, 0);
  assertEquals([next?.type, next?.type === "ask" && next.range.start], ["ask", 0]);
});
