import { assertEquals } from "@std/assert";
import { Ledger } from "../../lib/scheduler/ledger.ts";
import { Mirror } from "../../lib/scheduler/mirror.ts";
import { ReorderBuffer } from "../../lib/engine/reorder_buffer.ts";
import { Requests } from "../../lib/scheduler/requests.ts";
import { snapshot, type StatsSource } from "../../lib/engine/stats.ts";
import { MirrorError } from "../../lib/errors.ts";

const FAILURE = new MirrorError("refused", {
  mirror: "http://one.test/",
  phase: "connect",
  reason: "network",
  retryable: true,
});

function mirror(facts: Partial<Mirror> = {}): Mirror {
  return Object.assign(new Mirror("http://one.test/"), facts);
}

function source(facts: Partial<StatsSource> = {}): StatsSource {
  return {
    mirrors: [mirror()],
    ledger: new Ledger(0, 100, 10),
    buffer: new ReorderBuffer(0),
    consumedBytes: 0,
    bytesPerSecond: 0,
    started: true,
    startedAt: 1000,
    firstByteAt: undefined,
    now: 3500,
    ...facts,
  };
}

Deno.test("snapshot(): before the start there is nothing", () => {
  const stats = snapshot(
    source({ started: false, startedAt: 0, ledger: new Ledger(0, Infinity, 10) }),
  );
  assertEquals([stats.size, stats.elapsedMs, stats.firstByteMs], [undefined, 0, undefined]);
  assertEquals([stats.receivedBytes, stats.bufferedBytes, stats.wastedBytes], [0, 0, 0]);
  assertEquals(stats.mirrors.map(({ state, share }) => [state, share]), [["probing", 0]]);
});

Deno.test("snapshot() counts bytes by where they are", () => {
  const ledger = new Ledger(50, 150, 10);
  ledger.receive(50, 60);
  ledger.receive(80, 100);
  const buffer = new ReorderBuffer(50);
  buffer.write(50, new Uint8Array(10));
  buffer.write(80, new Uint8Array(20));
  buffer.read();
  const stats = snapshot(
    source({ ledger, buffer, consumedBytes: 10, bytesPerSecond: 7, firstByteAt: 1250 }),
  );
  assertEquals(stats.size, 100);
  assertEquals([stats.receivedBytes, stats.consumedBytes], [30, 10]);
  assertEquals([stats.bufferedBytes, stats.peakBufferedBytes], [20, 30]);
  assertEquals([stats.bytesPerSecond, stats.elapsedMs, stats.firstByteMs], [7, 2500, 250]);
});

Deno.test("snapshot(): shares are of all bytes that came, wasted ones too", () => {
  const mirrors = [
    mirror({ bytes: 300, wastedBytes: 20, requests: 4, duplicates: 1, answerMs: 12 }),
    mirror({ bytes: 100, wastedBytes: 5, totalFailures: 3 }),
    mirror(),
  ];
  const stats = snapshot(source({ mirrors }));
  assertEquals(stats.wastedBytes, 25);
  assertEquals(stats.mirrors.map(({ share }) => share), [0.75, 0.25, 0]);
  const [first, second] = stats.mirrors;
  assertEquals([first?.requests, first?.duplicates, first?.answerMs], [4, 1, 12]);
  assertEquals([second?.failures, second?.answerMs], [3, undefined]);
});

const REQUEST = new Requests().open(
  { mirror: new Mirror("http://one.test/"), kind: "range", start: 0, end: 10 },
  0,
);

Deno.test("snapshot(): where mirrors stand, and why", () => {
  const table = [
    [{}, "probing"],
    [{ live: [REQUEST] }, "probing"],
    [{ state: { type: "waiting", until: 1, failure: FAILURE } }, "waiting"],
    [{ service: "ranges" }, "idle"],
    [{ service: "ranges", live: [REQUEST] }, "busy"],
    [{ service: "ranges", state: { type: "retired" } }, "retired"],
    [{ service: "ranges", state: { type: "closed" } }, "closed"],
    [{ service: "whole" }, "spare"],
    [{ service: "whole", live: [REQUEST] }, "busy"],
    [{ service: "whole", state: { type: "dropped", failure: FAILURE } }, "dropped"],
  ] as [Partial<Mirror>, string][];
  for (const [facts, state] of table) {
    const [stats] = snapshot(source({ mirrors: [mirror(facts)] })).mirrors;
    assertEquals(stats?.state, state);
    const why = state === "waiting" || state === "dropped" ? FAILURE.message : undefined;
    assertEquals(stats?.message, why);
  }
});
