import { assert, assertEquals } from "@std/assert";
import { AdaptivePolicy } from "../../lib/policy/adaptive.ts";
import type {
  DownloadView,
  LimitView,
  Plan,
  RequestView,
  SourceView,
} from "../../lib/scheduler/view.ts";
import {
  downloadView,
  limitOf,
  linkView,
  requestView,
  type SourceFacts,
  sourceView,
  UNLIMITED,
} from "../support/scheduler/views.ts";
import type { ByteRange } from "../../lib/http/byte_range.ts";
import { Ledger } from "../../lib/scheduler/bytes/ledger.ts";

const KIB = 1024;

interface Facts extends SourceFacts {
  /** KiB per millisecond. */
  rate?: number;
  latencyMs?: number;
  ramping?: boolean;
}

/** A mirror whose link and requests a test writes down. Its answers take 10 ms. */
class Source {
  live: RequestView[] = [];
  rate: number;
  available = true;
  readonly #facts: Facts;

  constructor({ rate = 1, ...facts }: Facts = {}) {
    this.rate = rate;
    this.#facts = facts;
  }

  get view(): SourceView {
    const { latencyMs = 10, ramping = false, ...facts } = this.#facts;
    const bytesPerSecond = () => this.rate * KIB * 1000;
    const link = linkView({ latencyMs, bytesPerSecond, ramping: () => ramping });
    return sourceView({ link, live: this.live, available: this.available, ...facts });
  }
}

/** A download whose plans are carried out, but for that nothing comes unless a test says so. */
class Scene {
  readonly sources: readonly Source[];
  readonly ledger: Ledger;
  readonly policy = new AdaptivePolicy();
  now = 0;
  windowSize = 1_000_000 * KIB;
  readyBytes = 0;
  heldBytes = 0;
  limit: LimitView = UNLIMITED;
  #requests = 0;

  constructor(sources: readonly Facts[], kib = 1_000_000) {
    this.sources = sources.map((facts) => new Source(facts));
    this.ledger = new Ledger(0, kib * KIB, 1_000_000);
  }

  get view(): DownloadView {
    const { sources, ledger, windowSize, readyBytes, heldBytes, limit } = this;
    const mirrors = sources.map((source) => source.view);
    return downloadView({ mirrors, ledger, windowSize, heldBytes, readyBytes, limit });
  }

  /** What the policy plans next. */
  get next(): Plan | undefined {
    return this.policy.next(this.view, this.now);
  }

  /** Carries out whatever is planned; returns it in short: the mirror, and its range in KiB. */
  plan(): string[] {
    const plans: string[] = [];
    for (let plan = this.next; plan !== undefined; plan = this.next) {
      if (plan.type !== "ask") throw new Error(plan.type);
      const { mirror, range } = plan;
      this.ask(mirror, range);
      plans.push(`${mirror}: ${Math.round(range.start / KIB)}-${Math.round(range.end / KIB)}`);
    }
    return plans;
  }

  /** Bytes are requested from a mirror. */
  ask(mirror: number, { start, end }: ByteRange, facts: Partial<RequestView> = {}): void {
    const { live, view: { link } } = this.sources[mirror]!;
    this.ledger.take(start, end);
    const times = { startedAt: this.now, dueAt: this.now + link.nextLatencyMs, activeAt: this.now };
    live.push(requestView({ id: this.#requests++, start, end, ...times, ...facts }));
  }

  /** The length of a mirror's first request, in KiB. */
  lengthOf(mirror: number): number {
    const { start, end } = this.sources[mirror]!.live[0]!;
    return (end - start) / KIB;
  }

  /** A mirror has begun to send this range in KiB. */
  sends(mirror: number, start: number, end: number, activeAt = this.now): void {
    const answeredAt = this.now;
    this.ask(mirror, { start: start * KIB, end: end * KIB }, { answeredAt, activeAt });
  }
}

/** Returns the length of the first range, in KiB. */
function lengthFor(facts: Facts): number {
  const scene = new Scene([facts]);
  scene.plan();
  return scene.lengthOf(0);
}

Deno.test("AdaptivePolicy: each range takes about a tenth of a second, or some round trips", () => {
  for (const rate of [1.2, 5, 20]) {
    const ms = lengthFor({ rate }) / rate;
    assert(ms >= 60 && ms <= 140, `${ms} ms at ${rate} KiB/ms`);
    const far = lengthFor({ rate, latencyMs: 200 }) / rate;
    assert(far >= 300 && far <= 400, `${far} ms at ${rate} KiB/ms, far away`);
  }
  // Nobody takes over from one that has no second request.
  const alone = lengthFor({ latencyMs: 200, maxConnections: 1 });
  assert(alone >= 2 * lengthFor({ latencyMs: 200 }), `${alone} KiB`);
});

Deno.test("AdaptivePolicy: no range is shorter than 64 KiB or longer than 8 MiB, unless it is all", () => {
  assertEquals(lengthFor({ rate: 0.001 }), 64);
  assertEquals(lengthFor({ rate: 1000 }), 8 * 1024);
  assertEquals(new Scene([{}], 20).plan(), ["0: 0-20"]);
  // Somebody who has failed has to prove itself with little.
  assertEquals(lengthFor({ rate: 1000, failures: 1 }), 64);
});

Deno.test("AdaptivePolicy: a mirror's ranges get at most twice as long each time, unless the last was very short", () => {
  // 16 times where the last one takes less than a quarter of the time of an answer, which is 10 ms.
  for (const [rate, factors] of [[20, [2, 2, 2]], [1000, [16, 16]]] as const) {
    const scene = new Scene([{ maxConnections: 1 }]);
    const lengths = [1, ...factors.map(() => rate)].map((rate) => {
      scene.sources[0]!.rate = rate;
      scene.sources[0]!.live = [];
      scene.plan();
      return scene.lengthOf(0);
    });
    for (const [index, length] of lengths.slice(1).entries()) {
      const wanted = Math.min(factors[index]! * lengths[index]!, 8 * 1024);
      assertEquals(length, wanted, `${rate}, ${index}`);
    }
  }
});

Deno.test("AdaptivePolicy: a slower mirror takes what the front will reach by then", () => {
  const table = [
    // rate, latency of the slower one
    [1, 200],
    [0.5, 300],
    [3, 400],
  ] as const;
  for (const [rate, latencyMs] of table) {
    const scene = new Scene([{ rate, latencyMs }, { rate: 10 }]);
    scene.plan();
    const [slow, quick] = scene.sources.map(({ live }) => live[0]!.start / KIB);
    assertEquals(quick, 0);
    const comesAt = latencyMs + scene.lengthOf(0) / rate;
    const frontAt = 10 + slow! / 10;
    const early = frontAt / comesAt;
    assert(early >= 1 && early <= 1.25, `comes at ${comesAt}, the front at ${frontAt} ms`);
  }
});

Deno.test("AdaptivePolicy: a mirror that is speeding up has more time", () => {
  const startOf = (ramping: boolean) => {
    const scene = new Scene([{ rate: 1, latencyMs: 200, ramping }, { rate: 10 }]);
    scene.plan();
    return scene.sources[0]!.live[0]!.start;
  };
  assert(startOf(true) > 1.2 * startOf(false));
});

Deno.test("AdaptivePolicy: equally fast mirrors take turns from the first free byte on", () => {
  const scene = new Scene([{ rate: 2 }, { rate: 2 }, { rate: 2 }]);
  const plans = scene.plan();
  assertEquals(plans.map((plan) => plan[0]).toSorted(), ["0", "1", "2"]);
  const ends = plans.map((plan) => plan.split("-")[1]);
  assertEquals(plans.map((plan) => plan.split(" ")[1]!.split("-")[0]), ["0", ...ends.slice(0, 2)]);
});

Deno.test("AdaptivePolicy: the next request leaves before the last one has ended", () => {
  const scene = new Scene([{}]);
  scene.sends(0, 0, 100);
  assertEquals(scene.plan(), []);
  const source = scene.sources[0]!;
  const [request] = source.live;
  // 1.1 round trips and 10 ms before its end.
  source.live = [{ ...request!, position: 78 * KIB }];
  assertEquals(scene.plan(), []);
  source.live = [{ ...request!, position: 80 * KIB }];
  assertEquals(scene.plan(), ["0: 100-180"]);
  assertEquals(scene.plan(), []);
});

Deno.test("AdaptivePolicy: near the end, the mirror that would finish last gets no more", () => {
  // In the 20 ms that the quick one needs, the slow one would deliver nothing.
  assertEquals(new Scene([{ rate: 10 }, { rate: 0.1 }], 200).plan(), ["0: 0-200"]);
  assertEquals(new Scene([{ rate: 10 }, { rate: 10, latencyMs: 500 }], 200).plan(), ["0: 0-200"]);
  // Two of the same rate share what is left.
  const scene = new Scene([{ rate: 10 }, { rate: 10 }, { rate: 5 }], 300);
  scene.sends(2, 0, 100);
  assertEquals(scene.plan(), ["0: 100-200", "1: 200-300"]);
});

Deno.test("AdaptivePolicy: near the end, ranges on several lanes become short", () => {
  const lanes: Facts = { rate: 10, lanes: 6, maxConnections: 8 };
  const lengths = [20_000, 4000, 1500, 500].map((kib) => {
    const scene = new Scene([lanes], kib);
    scene.plan();
    return Math.round(scene.lengthOf(0));
  });
  // A sixth of what it delivers in 110 ms; later a third of a lane's part of what is left; at last 64 KiB.
  assertEquals(lengths, [183, 183, 93, 64]);
  // One lane takes what is left in even parts, as short ones would cost it round trips.
  const scene = new Scene([{ rate: 10 }], 1500);
  scene.plan();
  assertEquals(scene.lengthOf(0) > 500, true);
});

Deno.test("AdaptivePolicy: on several lanes, ranges of a mirror that is far are longer", () => {
  const lengthAt = (leastLatencyMs: number, latencyMs = leastLatencyMs, lanes = 5) => {
    const link = linkView({ latencyMs, leastLatencyMs, bytesPerSecond: () => 10_000 * KIB });
    const scene = new Scene([{ lanes, maxConnections: 8, link }], 20_000);
    scene.plan();
    return Math.round(scene.lengthOf(0));
  };
  // A fifth of what it delivers in 110 ms, 240 ms, or one and a half round trips.
  assertEquals([10, 59, 60, 150, 200].map((ms) => lengthAt(ms)), [220, 220, 480, 480, 600]);
  // A queue makes no mirror far.
  assertEquals(lengthAt(20, 60), 220);
});

Deno.test("AdaptivePolicy: where no mirror is at work, any available one gets a range", () => {
  const lame: Facts = { rate: 0.001, latencyMs: 5000 };
  const quick: Facts = { rate: 100, available: false };
  assertEquals(new Scene([lame, quick], 1).plan(), ["0: 0-1"]);
  assertEquals(new Scene([{ ...lame, failures: 3 }, quick], 1).plan(), ["0: 0-1"]);
});

/** A scene in which the first 100 KiB were requested and given back, and more is left. */
function returned(sources: readonly Facts[]): Scene {
  const scene = new Scene(sources);
  scene.ledger.take(0, 300 * KIB);
  scene.ledger.giveBack(0, 100 * KIB, []);
  return scene;
}

Deno.test("AdaptivePolicy: a returned front goes to the mirror that delivers it soonest", () => {
  const first = (sources: readonly Facts[]) => returned(sources).plan()[0];
  // Without that, each would have waited for the other to deliver what is next.
  assertEquals(first([{ rate: 1 }, { rate: 5 }]), "1: 0-100");
  assertEquals(first([{ rate: 5 }, { rate: 5, latencyMs: 40 }]), "0: 0-100");
  assertEquals(first([{ rate: 5 }, { rate: 50, available: false }]), "0: 0-100");
});

Deno.test("AdaptivePolicy: a returned front waits for a slot of the mirror that still delivers it soonest", () => {
  const scene = returned([{ rate: 1, latencyMs: 500 }, { rate: 10 }]);
  scene.sends(1, 300, 340);
  scene.sends(1, 340, 400);
  assertEquals(scene.plan(), []);
  scene.sources[1]!.live.shift();
  assertEquals(scene.plan()[0], "1: 0-100");
});

Deno.test("AdaptivePolicy: a returned front does not wait for the slot of a silent mirror", () => {
  const scene = returned([{ rate: 1 }, { rate: 100 }]);
  for (const start of [300, 400]) scene.sends(1, start, start + 100);
  // All that it had to do was taken from it, so that it could begin at once, had it a slot.
  const { live } = scene.sources[1]!;
  for (const [index, request] of live.entries()) live[index] = { ...request, claimEnd: 0 };
  scene.ledger.giveBack(300 * KIB, 500 * KIB, []);
  scene.now = 60;
  assertEquals(scene.plan(), []);
  scene.now = 61;
  assertEquals(scene.plan()[0], "0: 0-100");
});

Deno.test("AdaptivePolicy: a returned front never goes to a silent mirror, however fast it was", () => {
  const scene = returned([{ rate: 1 }, { rate: 100 }]);
  scene.now = 1000;
  scene.sends(1, 300, 400, 939);
  assertEquals(scene.plan()[0], "0: 0-100");
  const heard = returned([{ rate: 1 }, { rate: 100 }]);
  heard.now = 1000;
  heard.sends(1, 300, 400, 940);
  assertEquals(heard.plan()[0], "1: 0-100");
});

Deno.test("AdaptivePolicy saves the front before anything else", () => {
  const scene = new Scene([{ rate: 1 }, { rate: 1 }]);
  scene.now = 1000;
  scene.sends(0, 0, 100, 900);
  assertEquals(scene.next, { type: "revoke", request: 0 });
});

Deno.test("AdaptivePolicy: the window has room for several ranges of each mirror", () => {
  const scene = new Scene([{ rate: 1000 }, { rate: 1000 }]);
  scene.windowSize = 1000 * KIB;
  scene.plan();
  const lengths = scene.sources.flatMap(({ live }) => live.map(({ start, end }) => end - start));
  for (const length of lengths) assertEquals(Math.floor(length / KIB), 200);
  assert(lengths.length < 5);
});

/** Returns the next plan where `room` KiB of 800 are free in the window, in short. */
function planIn(room: number, facts: Partial<Pick<Scene, "readyBytes">> = {}, behind = false) {
  const scene = Object.assign(new Scene([{ rate: 1.5 }, {}], 1000), facts);
  if (behind) scene.sends(1, 0, 100);
  else scene.sources[1]!.available = false;
  scene.windowSize = 800 * KIB;
  scene.heldBytes = (800 - room) * KIB - scene.ledger.askedBytes;
  return scene.plan()[0];
}

Deno.test("AdaptivePolicy keeps an eighth of the window for the front", () => {
  assertEquals(planIn(220, {}, true), "0: 100-220");
  assertEquals(planIn(219, {}, true)?.startsWith("0: 100-"), true);
  assertEquals(planIn(100, {}, true), undefined);
  assertEquals(planIn(120), "0: 0-120");
});

Deno.test("AdaptivePolicy does not request little where more room is to come", () => {
  const more = { readyBytes: 1 };
  assertEquals(planIn(100, more), "0: 0-100");
  assertEquals(planIn(99, more), undefined);
  // Nobody else will make room.
  for (const room of [99, 1, 0]) assertEquals(planIn(room), "0: 0-100");
  assertEquals([planIn(50, {}, true), planIn(0, {}, true)], [undefined, undefined]);
});

Deno.test("AdaptivePolicy.wakeAt(): soon as long as any request is under way", () => {
  const scene = new Scene([{}, {}]);
  const wakeAt = () => scene.policy.wakeAt(scene.view, 1000);
  assertEquals(wakeAt(), Infinity);
  scene.sends(1, 0, 100);
  assert(wakeAt() > 1000 && wakeAt() <= 1020, `${wakeAt()}`);
});

Deno.test("AdaptivePolicy: under a limit it requests little, once earlier requests are paid for", () => {
  const scene = new Scene([{ rate: 10 }, { rate: 10 }]);
  scene.limit = limitOf(0.1 * KIB, 50);
  assertEquals(scene.plan(), []);
  scene.now = 50;
  const next = scene.next;
  assertEquals(next?.type === "ask" && next.range, { start: 0, end: 10 * KIB });
});

Deno.test("AdaptivePolicy.wakeAt(): when something may be requested again", () => {
  const scene = new Scene([{}]);
  const wakeAt = (openAt: number) => {
    scene.limit = limitOf(1, openAt);
    return scene.policy.wakeAt(scene.view, 1000);
  };
  assertEquals([wakeAt(1500), wakeAt(1000)], [1500, Infinity]);
  scene.sends(0, 0, 100);
  assert(wakeAt(1500) <= 1020 && wakeAt(1005) === 1005);
});

Deno.test("AdaptivePolicy: under a limit, a slower mirror takes what the front will reach by then", () => {
  const scene = new Scene([{ rate: 1, latencyMs: 200 }, { rate: 10 }]);
  scene.limit = limitOf(KIB, 0);
  // The quick one has its hands full.
  scene.sends(1, 0, 400);
  scene.sends(1, 400, 800);
  const [slow] = scene.plan();
  const start = Number(/ (\d+)-/.exec(slow!)![1]);
  // In the 280 ms that it takes, no more than 280 KiB come, however quick the other is.
  assert(start > 800 && start <= 800 + 1.1 * 280, `${start}`);
});

Deno.test("AdaptivePolicy: a returned front may lead into debt, but not for ever", () => {
  const scene = returned([{ rate: 5 }, { rate: 1 }]);
  scene.limit = limitOf(KIB, 200);
  assertEquals(scene.plan()[0], "0: 0-100");
  const late = returned([{ rate: 5 }, { rate: 1 }]);
  late.limit = limitOf(KIB, 301);
  assertEquals(late.plan(), []);
});
