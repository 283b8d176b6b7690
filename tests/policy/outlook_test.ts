import { assert, assertEquals } from "@std/assert";
import type { LinkView, RequestView } from "../../lib/scheduler/view.ts";
import { linkView, requestView, type SourceFacts, sourceView } from "../support/scheduler/views.ts";
import { expectedSince, Outlook } from "../../lib/policy/outlook.ts";

/** The time of every scene, in milliseconds. */
const NOW = 1000;

/** A byte a millisecond, 10 ms to an answer, 20 ms on a new connection. */
function link(facts: Partial<LinkView> & { rate?: number; young?: boolean } = {}): LinkView {
  const { rate = 1, young = false, ...others } = facts;
  return linkView({
    nextLatencyMs: 20,
    deviationMs: 1,
    bytesPerSecond: () => rate * 1000,
    ramping: () => young,
    ...others,
  });
}

/** A request for bytes 0 to 100 that was answered and is sending. */
function request(facts: Partial<RequestView> = {}): RequestView {
  return requestView({ startedAt: 900, dueAt: 910, answeredAt: 910, activeAt: NOW, ...facts });
}

/** The same before its headers, which are due in `dueMs`. */
function unanswered(dueMs: number, facts: Partial<RequestView> = {}): RequestView {
  return request({ answeredAt: undefined, dueAt: NOW + dueMs, activeAt: 950, ...facts });
}

function outlook(facts: SourceFacts = {}): Outlook {
  return new Outlook(7, sourceView({ link: link(), ...facts }), NOW);
}

Deno.test("Outlook: an idle mirror is free when its response can be there", () => {
  const idle = outlook();
  assertEquals([idle.index, idle.rate, idle.readyAt], [7, 1, NOW]);
  assertEquals([idle.freeAt, idle.finishAt(0), idle.finishAt(50)], [1020, 1020, 1070]);
  assertEquals([idle.rushedAt(0), idle.rushedAt(50)], [1020, 1070]);
  assertEquals([idle.deliveredBy(1010), idle.deliveredBy(1020), idle.deliveredBy(1050)], [
    0,
    0,
    30,
  ]);
  assertEquals(outlook({ link: link({ rate: 5 }) }).finishAt(50), 1030);
});

Deno.test("Outlook.readyAt: when everything that it owns has arrived", () => {
  const table = [
    // requests under way → from now, in milliseconds
    [[request()], 100],
    [[request({ position: 70 })], 30],
    [[request({ position: 70, claimEnd: 80 })], 10],
    // A request that has lost its range delivers nothing that counts.
    [[request({ position: 70, claimEnd: 70 })], 0],
    [[request({ position: 70, claimEnd: 60 })], 0],
    [[unanswered(30)], 130],
    // Overdue: from now on, at any moment.
    [[unanswered(-30)], 100],
    // One after the other on one lane.
    [[request(), request({ position: 50 })], 150],
    // The answer of the second one will be there long before the first one has ended, or after.
    [[request(), unanswered(30)], 200],
    [[request({ position: 90 }), unanswered(30)], 130],
  ] as const;
  for (const [live, ms] of table) assertEquals(outlook({ live }).readyAt - NOW, ms);
});

Deno.test("Outlook.finishAt(): what is requested now arrives after the rest", () => {
  const table = [
    // requests under way, bytes → from now, in milliseconds
    [[request()], 50, 150],
    [[request({ position: 95 })], 50, 70],
    [[unanswered(30)], 50, 180],
  ] as const;
  for (const [live, bytes, ms] of table) {
    assertEquals(outlook({ live }).finishAt(bytes) - NOW, ms);
    assertEquals(outlook({ live }).deliveredBy(1000), 0);
  }
  assertEquals(outlook({ live: [request()] }).deliveredBy(NOW + 130), 30);
});

Deno.test("Outlook.rushedAt(): beside the rest, at half the rate, unless it ends sooner after it", () => {
  // A slot is free now, and the answer there in 20 ms.
  assertEquals(outlook({ live: [request()] }).rushedAt(10) - NOW, 40);
  assertEquals(outlook({ live: [request()] }).rushedAt(500) - NOW, 600);
  // The rest will have arrived by the response.
  assertEquals(outlook({ live: [request({ position: 90 })] }).rushedAt(10) - NOW, 30);
  // No slot is free before the first of them ends, in 40 ms.
  const full = outlook({ live: [request({ position: 60 }), request({ position: 40 })] });
  assertEquals(full.rushedAt(10) - NOW, 40 + 20 + 20);
});

Deno.test("Outlook: on several lanes, requests share the link", () => {
  const lanes = { lanes: 2, maxConnections: 3 };
  // One lane is free at once; on it, bytes come at half the rate.
  const half = outlook({ ...lanes, live: [request()] });
  assertEquals(half.finishAt(50) - NOW, 20 + 100);
  // Both are busy: the first one ends when 2 × 40 bytes have come.
  const busy = outlook({ ...lanes, live: [request({ position: 60 }), request()] });
  assertEquals(busy.finishAt(50) - NOW, 80 + 100);
  // All together they deliver the 140 bytes at the full rate.
  assertEquals(busy.readyAt - NOW, 140);
});

Deno.test("Outlook.wantsWork(): about a round trip before the mirror is idle", () => {
  const atEnd = (left: number, facts: SourceFacts = {}) =>
    outlook({ live: [request({ position: 100 - left })], ...facts }).wantsWork();
  assertEquals(outlook().wantsWork(), true);
  // 1.1 times 20 ms, 1 ms and 10 ms.
  assertEquals([atEnd(34), atEnd(32)], [false, true]);
  // A connection that is open answers sooner.
  const warm = { link: link({ nextLatencyMs: 10 }) };
  assertEquals([atEnd(32, warm), atEnd(21, warm)], [false, true]);
  // An answer that is not there yet comes on top of it.
  const waiting = (left: number) =>
    outlook({ live: [unanswered(10, { position: 100 - left })] }).wantsWork();
  assertEquals([waiting(24), waiting(22)], [false, true]);
  // What it does not own any more does not count.
  assertEquals(outlook({ live: [request({ claimEnd: 20 })] }).wantsWork(), true);
});

Deno.test("Outlook.wantsWork(): never more than its connections, and more with more lanes", () => {
  const three = Array.from({ length: 3 }, () => request());
  const table = [
    // connections, lanes, under way, ramping, wants work
    [1, 1, 0, false, true],
    [1, 1, 1, true, false],
    [2, 1, 1, false, false],
    [2, 1, 1, true, true],
    [2, 1, 2, true, false],
    [4, 3, 2, false, true],
    [4, 3, 3, false, false],
    [4, 3, 3, true, true],
  ] as const;
  for (const [maxConnections, lanes, count, young, wanted] of table) {
    const live = three.slice(0, count);
    const mirror = outlook({ maxConnections, lanes, live, link: link({ young }) });
    assertEquals(mirror.wantsWork(), wanted, `${maxConnections} ${lanes} ${count} ${young}`);
  }
});

Deno.test("Outlook.silentMs counts from the last bytes, or from when headers were due", () => {
  const table = [
    [[], 0],
    [[request({ activeAt: 930 })], 70],
    [[unanswered(-40, { activeAt: 900 })], 40],
    [[unanswered(40, { activeAt: 900 })], 0],
    // One that sends is enough.
    [[request({ activeAt: 500 }), request({ activeAt: 990 })], 10],
    [[request({ activeAt: 500 }), unanswered(-20)], 20],
    // As long as the silent one is under way, also without a byte of its own, silence is heard.
    [[request({ activeAt: 500, claimEnd: 0 })], 500],
  ] as const;
  for (const [live, ms] of table) assertEquals(outlook({ live }).silentMs, ms);
});

Deno.test("Outlook.silent: after 60 ms, half a latency, four deviations, or the time of a recovery of a distant one", () => {
  const table = [
    // latency, the least one, deviation → patience
    [10, 10, 1, 60],
    [40, 40, 1, 60],
    [100, 100, 1, 60],
    [120, 120, 1, 120],
    [150, 150, 1, 180],
    [200, 200, 1, 180],
    [500, 500, 1, 250],
    [200, 200, 60, 240],
    // A queue makes no mirror distant.
    [150, 100, 1, 75],
    [150, 120, 1, 180],
  ] as const;
  for (const [latencyMs, leastLatencyMs, deviationMs, patienceMs] of table) {
    const at = (ms: number) =>
      outlook({
        live: [request({ activeAt: NOW - ms })],
        link: link({ latencyMs, leastLatencyMs, deviationMs, nextLatencyMs: 1000 }),
      });
    assertEquals(at(0).patienceMs, patienceMs);
    assertEquals([at(patienceMs).silent, at(patienceMs + 1).silent], [false, true]);
    // Nothing new for a silent mirror, however little it has left to deliver.
    assertEquals([at(patienceMs).open, at(patienceMs + 1).open], [true, false]);
    assertEquals([at(patienceMs).wantsWork(), at(patienceMs + 1).wantsWork()], [true, false]);
  }
});

Deno.test("Outlook.open: there must be a slot, and the mirror must be available", () => {
  assertEquals(outlook().open, true);
  assertEquals(outlook({ available: false }).open, false);
  assertEquals(outlook({ live: [request()] }).open, true);
  assertEquals(outlook({ live: [request(), request()] }).open, false);
  assertEquals(outlook({ live: [request()], maxConnections: 1 }).open, false);
});

Deno.test("Outlook.onProbation: a mirror that has failed gets one request, and is not counted on", () => {
  const failed = outlook({ failures: 1 });
  assertEquals([failed.onProbation, outlook().onProbation], [true, false]);
  assert(failed.finishAt(50) > outlook().finishAt(50));
  assertEquals(failed.deliveredBy(1e9), 0);
  assertEquals(failed.wantsWork(), true);
  const busy = outlook({ failures: 1, live: [request({ position: 99 })] });
  assertEquals([busy.open, busy.wantsWork()], [true, false]);
});

Deno.test("expectedSince(): when anything last arrived, but not before it was due", () => {
  assertEquals(expectedSince(request({ activeAt: 930, dueAt: 990 })), 930);
  assertEquals(expectedSince(unanswered(40)), 1040);
  assertEquals(expectedSince(unanswered(-200)), 950);
});

Deno.test("Outlook.requestRate: requests that are sending share the link, but not with those that have ended", () => {
  // lanes, requests under way that have something to deliver, and others → part of the rate
  const table = [[1, 0, 0, 1], [1, 2, 0, 1], [4, 1, 0, 1], [4, 3, 0, 3], [4, 3, 2, 3], [
    4,
    5,
    0,
    4,
  ]];
  for (const [lanes, busy, ended, part] of table) {
    const live = [
      ...Array.from({ length: busy! }, () => request()),
      ...Array.from({ length: ended! }, () => request({ position: 100 })),
    ];
    assertEquals(outlook({ lanes: lanes!, maxConnections: 8, live }).requestRate, 1 / part!);
  }
});

Deno.test("Outlook.silent: of a mirror that has lost a range by its silence, an answer that is due is no sign of life", () => {
  const lost = request({ position: 70, claimEnd: 70, activeAt: NOW - 70 });
  const waiting = unanswered(-10);
  const table: readonly (readonly [readonly RequestView[], boolean])[] = [
    [[lost], true],
    [[waiting], false],
    [[lost, waiting], true],
    // It has lost the first bytes of a range.
    [[{ ...lost, claimStart: 80, claimEnd: 100 }, waiting], true],
    // It has not lost what it still owns, nor by a silence what others have taken.
    [[{ ...lost, claimEnd: 100 }, waiting], false],
    [[{ ...lost, activeAt: NOW - 50 }, waiting], false],
    // Other responses go on, or could be read on.
    [[lost, waiting, request()], false],
    [[lost, request({ position: 100, isExhausted: true, activeAt: NOW - 500 })], false],
  ];
  for (const [live, silent] of table) assertEquals(outlook({ live }).silent, silent);
});
