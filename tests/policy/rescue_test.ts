import { assertEquals } from "@std/assert";
import { Outlook } from "../../lib/policy/outlook.ts";
import { Ledger } from "../../lib/scheduler/bytes/ledger.ts";
import type { LimitView, RequestView, SourceView } from "../../lib/scheduler/view.ts";
import {
  downloadView,
  limitOf,
  linkView,
  requestView,
  type SourceFacts,
  sourceView,
  UNLIMITED,
} from "../support/scheduler/views.ts";
import { rescue } from "../../lib/policy/rescue.ts";

/** The time of every scene, in milliseconds. */
const NOW = 10_000;
const KIB = 1024;

/** A request for the first 100 KiB that was answered and is sending. */
function request(facts: Partial<RequestView> = {}): RequestView {
  const times = { startedAt: NOW - 50, dueAt: NOW - 40, answeredAt: NOW - 40, activeAt: NOW };
  return requestView({ end: 100 * KIB, ...times, ...facts });
}

interface Facts extends SourceFacts {
  /** KiB per millisecond. */
  readonly rate?: number;
  readonly latencyMs?: number;
}

/** A mirror that answers at once, so that nothing but rates matters. */
function mirror({ rate = 1, latencyMs = 0, ...facts }: Facts = {}): SourceView {
  const link = linkView({ latencyMs, bytesPerSecond: () => rate * KIB * 1000 });
  return sourceView({ link, ...facts });
}

interface Scene {
  readonly limit?: LimitView;
  readonly front?: number;
  /** Whether anything is left to request, or how many bytes. */
  readonly more?: boolean | number;
}

/** The plan in short: the request that loses its range, or who takes it, from where on. */
function plan(
  mirrors: readonly SourceView[],
  { front = 0, more = true, limit = UNLIMITED }: Scene = {},
): unknown {
  const outlooks = mirrors.map((source, index) => new Outlook(index, source, NOW));
  const ledger = new Ledger(0, 999 * KIB, KIB);
  ledger.take(0, 999 * KIB - (typeof more === "number" ? more : more ? 99 * KIB : 0));
  ledger.receive(0, front);
  const next = rescue(downloadView({ ledger, limit }), outlooks, NOW);
  if (next === undefined) return "nothing";
  if (next.type === "revoke") {
    return ["revoke", next.request, ...next.to === undefined ? [] : [next.to / KIB]];
  }
  if (next.type !== "steal") return next.type;
  const { start, end } = next.range;
  return [`steal from ${next.late}`, next.mirror, Math.round(start / KIB), end / KIB];
}

/** A request that has been silent for `ms`. */
function silent(ms: number, facts: Partial<RequestView> = {}): RequestView {
  return request({ activeAt: NOW - ms, ...facts });
}

Deno.test("rescue(): a mirror that delivers the front in time is left alone", () => {
  assertEquals(plan([mirror(), mirror()]), "nothing");
  assertEquals(plan([mirror({ live: [request()] }), mirror()]), "nothing");
  assertEquals(plan([mirror({ live: [silent(60)] }), mirror()]), "nothing");
});

Deno.test("rescue(): a mirror that falls silent at the front loses it, elsewhere after a while", () => {
  const at = (ms: number, front: number, latencyMs = 0) =>
    plan([mirror({ live: [silent(ms)], latencyMs }), mirror()], { front });
  const behind = 200 * KIB;
  const table = [
    // silence, latency → at the front, elsewhere
    [60, 0, "nothing", "nothing"],
    [61, 0, ["revoke", 0], "nothing"],
    [300, 0, ["revoke", 0], "nothing"],
    [301, 0, ["revoke", 0], ["revoke", 0]],
    [180, 200, "nothing", "nothing"],
    [181, 200, ["revoke", 0], "nothing"],
    [500, 200, ["revoke", 0], "nothing"],
    [501, 200, ["revoke", 0], ["revoke", 0]],
  ] as const;
  for (const [ms, latencyMs, front, elsewhere] of table) {
    assertEquals(at(ms, 0, latencyMs), front, `${ms} ms at the front, latency ${latencyMs}`);
    assertEquals(at(ms, behind, latencyMs), elsewhere, `${ms} ms, latency ${latencyMs}`);
  }
});

Deno.test("rescue(): the front is where bytes are missing, not where a range begins", () => {
  const late = silent(100, { start: 0, position: 40 * KIB });
  assertEquals(plan([mirror({ live: [late] }), mirror()], { front: 40 * KIB }), ["revoke", 0]);
  // Others have delivered what follows: it will hold up the front, but does not yet.
  assertEquals(plan([mirror({ live: [late] }), mirror()], { front: 30 * KIB }), "nothing");
  assertEquals(plan([mirror({ live: [late] }), mirror()], { front: 60 * KIB }), ["revoke", 0]);
});

Deno.test("rescue(): a moment's silence costs a long range its head first, and the rest if that did not help", () => {
  const long = { end: 200 * KIB, position: 10 * KIB };
  const at = (facts: Partial<RequestView>, ms = 100, front = 10 * KIB) =>
    plan([mirror({ live: [silent(ms, { ...long, ...facts })] }), mirror()], { front });
  assertEquals(at({}), ["revoke", 0, 74]);
  // Too short to be shared.
  assertEquals(at({ end: 138 * KIB }), ["revoke", 0]);
  assertEquals(at({ end: 139 * KIB }), ["revoke", 0, 74]);
  // Silent for long, or before it was answered: nothing of it is on its way.
  assertEquals(at({}, 300), ["revoke", 0, 74]);
  assertEquals(at({}, 301), ["revoke", 0]);
  assertEquals(at({ answeredAt: undefined, dueAt: NOW - 100 }), ["revoke", 0]);
  // It has lost its head: it does not hold up the front until that has arrived.
  const headless = { claimStart: 74 * KIB };
  assertEquals(at(headless), "nothing");
  assertEquals(at(headless, 100, 73 * KIB), "nothing");
  assertEquals(at(headless, 100, 74 * KIB), ["revoke", 0]);
  assertEquals(at(headless, 301), ["revoke", 0]);
});

Deno.test("rescue(): no byte is taken that another request has been asked for", () => {
  const headless = request({ claimStart: 60 * KIB, deliveringMs: () => 10_000, position: KIB });
  const helper = mirror({ rate: 10 });
  const taken = plan([mirror({ live: [headless] }), helper], { front: KIB, more: false });
  assertEquals(taken, ["steal from 0", 1, 60, 100]);
});

Deno.test("rescue(): a response that is not due yet is no silence", () => {
  const waiting = (dueMs: number) =>
    request({ answeredAt: undefined, dueAt: NOW + dueMs, activeAt: NOW - 500 });
  assertEquals(plan([mirror({ live: [waiting(20)] }), mirror()]), "nothing");
  assertEquals(plan([mirror({ live: [waiting(-60)] }), mirror()]), "nothing");
  assertEquals(plan([mirror({ live: [waiting(-61)] }), mirror()]), ["revoke", 0]);
});

Deno.test("rescue(): the end of a range is taken from a response that is much slower than its link", () => {
  // It has delivered 40 KiB; by the rate of its link, the rest takes 60 ms.
  const after = (ms: number, latencyMs: number) => {
    const slow = request({ position: 40 * KIB, deliveringMs: () => ms });
    const owner = mirror({ live: [slow], latencyMs });
    return plan([owner, mirror({ rate: 10, latencyMs: 1 })], { front: 40 * KIB, more: false });
  };
  assertEquals(after(0, 10), after(50, 10));
  assertEquals(after(400, 10), ["steal from 0", 1, 41, 100]);
  // It has just begun: it may speed up.
  assertEquals(after(400, 80), after(0, 80));
});

Deno.test("rescue(): each request is looked at, and nothing is taken twice", () => {
  const live = [
    silent(400, { id: 1, claimEnd: 0 }),
    silent(400, { id: 2, start: 200 * KIB, position: 200 * KIB, end: 300 * KIB }),
  ];
  assertEquals(plan([mirror({ live }), mirror()]), ["revoke", 2]);
  assertEquals(plan([mirror({ live: live.slice(0, 1) }), mirror()]), "nothing");
  const delivered = silent(400, { position: 100 * KIB });
  assertEquals(plan([mirror({ live: [delivered] }), mirror()]), "nothing");
});

Deno.test("rescue(): nothing is taken without another mirror that could deliver it", () => {
  const helpless: readonly Facts[] = [
    { available: false },
    { live: [silent(400, { id: 8, start: 500 * KIB, position: 500 * KIB, end: 600 * KIB })] },
    { live: [request({ id: 8 }), request({ id: 9 })] },
    { live: [request({ id: 8 })], maxConnections: 1 },
  ];
  assertEquals(plan([mirror({ live: [silent(5000)] })]), "nothing");
  for (const facts of helpless) {
    assertEquals(plan([mirror({ live: [silent(5000)] }), mirror(facts)]), "nothing");
  }
  // One request can make way that has not been answered, if that saves time.
  const asked = (end: number): Facts => {
    const unanswered = request({ id: 8, answeredAt: undefined, dueAt: NOW, end });
    return { live: [unanswered], maxConnections: 1, latencyMs: 40 };
  };
  const from = { start: 500 * KIB, position: 500 * KIB };
  const late = silent(5000);
  assertEquals(plan([mirror({ live: [late] }), mirror(asked(30 * KIB))]), "nothing");
  assertEquals(plan([mirror({ live: [late] }), mirror(asked(60 * KIB))]), ["revoke", 0]);
  const alike = silent(5000, { answeredAt: undefined, dueAt: NOW - 5000 });
  assertEquals(plan([mirror({ live: [alike] }), mirror(asked(100 * KIB))]), "nothing");
  const deaf = asked(100 * KIB).live!.map((one) => ({ ...one, ...from, dueAt: NOW - 400 }));
  const both = [mirror({ live: [late] }), mirror({ ...asked(1), live: deaf })];
  assertEquals(plan(both), "nothing");
  const all = helpless.map((facts) => mirror(facts));
  assertEquals(plan([mirror({ live: [silent(5000)] }), ...all]), "nothing");
  assertEquals(plan([mirror({ live: [silent(5000)] }), ...all, mirror()]), ["revoke", 0]);
});

Deno.test("rescue() lets a quicker mirror take the end, so that both are ready at once", () => {
  const slow = (facts: Facts = {}) =>
    mirror({ rate: 0.1, live: [request({ end: 1000 * KIB })], ...facts });
  const table = [
    // who helps → from where on, in KiB
    [{ rate: 0.9 }, 100],
    [{ rate: 9.9 }, 10],
    // In the 1000 ms before it begins, the owner delivers 100 KiB of the 1000.
    [{ rate: 0.9, latencyMs: 1000 }, 190],
  ] as const;
  for (const [helper, from] of table) {
    assertEquals(plan([slow(), mirror(helper)]), ["steal from 0", 1, from, 1000]);
  }
  // What it has delivered already does not count.
  const half = slow({ live: [request({ end: 1000 * KIB, position: 500 * KIB })] });
  const front = 500 * KIB;
  assertEquals(plan([half, mirror({ rate: 0.9 })], { front }), ["steal from 0", 1, 550, 1000]);
  // Whoever gains most helps.
  const helpers = [0.5, 0.9, 0.7].map((rate) => mirror({ rate }));
  assertEquals(plan([slow(), ...helpers]), ["steal from 0", 2, 100, 1000]);
});

Deno.test("rescue(): a request that shares its link with others of its mirror is slower than the link", () => {
  const behind = (id: number) =>
    request({ id, start: 300 * id * KIB, position: 300 * id * KIB, end: 300 * (id + 1) * KIB });
  const live = [request({ end: 300 * KIB }), behind(1), behind(2)];
  const helper = mirror({ rate: 10 });
  // Alone it takes 300 ms, beside two others 900.
  assertEquals(plan([mirror({ live: live.slice(0, 1), lanes: 3 }), helper]), [
    "steal from 0",
    1,
    27,
    300,
  ]);
  const [steal, , from] = plan([mirror({ live, lanes: 3 }), helper]) as [string, number, number];
  assertEquals([steal, from], ["steal from 0", 10]);
});

Deno.test("rescue(): an owner that has not begun keeps less, or nothing", () => {
  const waiting = (dueMs: number) =>
    mirror({
      rate: 1,
      live: [request({ answeredAt: undefined, dueAt: NOW + dueMs, end: 1000 * KIB })],
    });
  // By 200 ms the helper has delivered 200 KiB of its end; the rest is halved.
  assertEquals(plan([waiting(200), mirror()]), ["steal from 0", 1, 400, 1000]);
  // The helper has delivered all of it before the owner begins.
  assertEquals(plan([waiting(500), mirror({ rate: 4 })]), ["steal from 0", 1, 0, 1000]);
});

Deno.test("rescue() steals at the front, and anywhere where nothing is left to request", () => {
  const slow = mirror({ rate: 0.01, live: [request({ start: 100 * KIB, end: 200 * KIB })] });
  assertEquals(plan([slow, mirror()], { front: 0 }), "nothing");
  const taken = ["steal from 0", 1, 101, 200];
  assertEquals(plan([slow, mirror()], { front: 100 * KIB }), taken);
  assertEquals(plan([slow, mirror()], { front: 0, more: false }), taken);
});

Deno.test("rescue(): what is less than a range counts as nothing left to request", () => {
  const slow = mirror({ rate: 0.01, live: [request({ start: 100 * KIB, end: 200 * KIB })] });
  const taken = ["steal from 0", 1, 101, 200];
  assertEquals(plan([slow, mirror()], { more: 63 * KIB }), taken);
  assertEquals(plan([slow, mirror()], { more: 64 * KIB }), "nothing");
});

Deno.test("rescue(): stealing has to gain 150 ms and half, but 20 ms where nothing else is left", () => {
  // What remains takes so long with its owner alone; a helper of the same rate halves that.
  const steals = (aloneMs: number, rate: number, more: boolean) => {
    const live = [request({ end: aloneMs * KIB })];
    return plan([mirror({ live }), mirror({ rate })], { more }) !== "nothing";
  };
  const table = [
    // alone, rate of the helper → while more is left to request, at the end
    [290, 1, false, true],
    [320, 0.9, false, true],
    [320, 1.1, true, true],
    [160, 8, false, true],
    [180, 8, true, true],
    [1000, 0.9, false, true],
    [1000, 0.03, false, true],
    [600, 0.03, false, false],
  ] as const;
  for (const [aloneMs, rate, early, late] of table) {
    const seen = [steals(aloneMs, rate, true), steals(aloneMs, rate, false)];
    assertEquals(seen, [early, late], `${aloneMs} ms, helper ${rate}`);
  }
});

Deno.test("rescue() does not steal less than is worth a request", () => {
  const slow = (kib: number) => mirror({ rate: 0.01, live: [request({ end: kib * KIB })] });
  assertEquals(plan([slow(4), mirror({ rate: 100 })], { more: false }), "nothing");
  const taken = ["steal from 0", 1, 0, 5];
  assertEquals(plan([slow(5), mirror({ rate: 100 })], { more: false }), taken);
});

Deno.test("rescue(): under a limit less is worth stealing, though not in every debt", () => {
  const slow = mirror({ rate: 0.01, live: [request({ end: 4 * KIB })] });
  const mirrors = [slow, mirror({ rate: 100 })];
  const limit = (openAt: number) => limitOf(0.05 * KIB, openAt);
  assertEquals(plan(mirrors), "nothing");
  const taken = ["steal from 0", 1, 0, 4];
  assertEquals(plan(mirrors, { limit: limit(NOW) }), taken);
  assertEquals(plan(mirrors, { limit: limit(NOW + 300) }), taken);
  assertEquals(plan(mirrors, { limit: limit(NOW + 301) }), "nothing");
  // A silence counts whatever the debt.
  const quiet = [mirror({ live: [silent(61)] }), mirror()];
  assertEquals(plan(quiet, { limit: limit(NOW + 5000) }), ["revoke", 0]);
});
