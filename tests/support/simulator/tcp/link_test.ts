import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { EventQueue } from "../event_queue.ts";
import { type Fate, observeTransfer } from "../observed_transfer.ts";
import { type TcpMirror, tcpMirror } from "./mirror.ts";
import { type RangeLoad, runRangeLoad } from "./range_load.ts";
import { connectTcp } from "./simulation.ts";
import type { TcpLink } from "./link.ts";

/** A link with requests that note what becomes of them. */
class Bench {
  readonly queue = new EventQueue();
  readonly link: TcpLink;
  unread = 0;

  constructor(mirror: TcpMirror) {
    [this.link] = connectTcp({ links: [mirror] }, this.queue, 1) as [TcpLink];
  }

  ask(bytes: number, ended: () => void = () => {}): Fate {
    return observeTransfer(this.link, this.queue, { bytes, unread: () => this.unread, ended });
  }

  run(untilMs = Infinity): void {
    let isOver = false;
    if (untilMs < Infinity) this.queue.at(untilMs, () => isOver = true);
    while (!isOver && this.queue.step());
  }
}

/** Time that the client takes to read what has arrived, and the wires to deliver together, at most. */
const SLACK_MS = 6;

function load(mirror: TcpMirror, options: Partial<RangeLoad>) {
  return runRangeLoad(mirror, { connections: 1, rangeBytes: Infinity, seconds: 20, ...options });
}

Deno.test("TcpLink: a new connection takes two round trips, an idle one takes one", () => {
  const bench = new Bench(tcpMirror(1000, 100));
  let second: Fate | undefined;
  const first = bench.ask(10_000, () => second = bench.ask(10_000));
  bench.run();
  assertAlmostEquals(first.answeredAt!, 200, SLACK_MS);
  assertAlmostEquals(second!.answeredAt!, 300, 2 * SLACK_MS);
  assertEquals([first.bytes, second!.bytes], [10_000, 10_000]);
  assertEquals(bench.link.statistics.connections, 1);
});

Deno.test("TcpLink: slow start takes a round trip for 10, 20, 40 … segments", () => {
  // The link is never the limit. The head of the response takes a part of the first segment.
  const cases = [[10, 1], [11, 2], [30, 2], [31, 3], [70, 3], [71, 4], [150, 4], [310, 5]] as const;
  for (const [segments, trips] of cases) {
    const bench = new Bench(tcpMirror(10_000, 100, { queueBytes: 1e7 }));
    const fate = bench.ask(segments * 1448 - 400);
    bench.run();
    assertAlmostEquals(fate.endedAt!, 100 * (1 + trips), SLACK_MS, `${segments} segments`);
  }
});

Deno.test("TcpLink: a window that was idle for long starts anew, one that was idle shortly goes on", () => {
  const tripsAfter = (idleMs: number) => {
    const bench = new Bench(tcpMirror(10_000, 100, { queueBytes: 1e7 }));
    let again: Fate | undefined;
    let askedAt = 0;
    bench.ask(310 * 1448, () =>
      bench.queue.after(idleMs, () => {
        askedAt = bench.queue.now;
        again = bench.ask(300 * 1448);
      }));
    bench.run();
    return Math.round((again!.endedAt! - askedAt) / 100);
  };
  // After the timeout of about 300 ms, half; after many, ten segments.
  assertEquals([0, 100, 400, 5000].map(tripsAfter), [1, 1, 2, 5]);
});

Deno.test("TcpLink: a lone connection keeps a link busy, and loses few segments", () => {
  for (const [rate, trip] of [[150, 10], [50, 30], [15, 100]] as const) {
    const { share, drops } = load(tcpMirror(rate, trip), {});
    assert(share > 0.95 && share <= 1, `${rate} Mbit/s: ${share}`);
    assert(drops.queue > 0 && drops.queue < 200, `${drops.queue}`);
  }
});

Deno.test("TcpLink: requests in bursts of the whole window overflow the queue", () => {
  const fast = tcpMirror(150, 10);
  const one = load(fast, { rangeBytes: 20e6, ranges: 1 });
  assert(one.busy > 0.94, `${one.busy}`);
  assert(one.drops.queue < 20, `${one.drops.queue}`);
  const many = load(fast, { rangeBytes: 1e6, ranges: 20 });
  assert(many.busy > 0.6 && many.busy < 0.75, `${many.busy}`);
  assert(many.drops.queue > 30, `${many.drops.queue}`);
  const two = load(fast, { rangeBytes: 1e6, ranges: 20, connections: 2 });
  assert(two.busy > 0.8 && two.busy < 0.93, `${two.busy}`);
});

Deno.test("TcpLink: with random losses, the window is that of a Reno flow", () => {
  for (const loss of [0.001, 0.003, 0.01]) {
    const mirror = tcpMirror(1000, 20, { loss, queueBytes: 1e8 });
    const { bytes, seconds } = load(mirror, { seconds: 100 });
    const window = bytes / 1448 / seconds * 0.02;
    // Mathis et al. 1997: 1.22 / √p.
    const expected = 1.22 / Math.sqrt(loss);
    assert(window > 0.75 * expected && window < 1.3 * expected, `${loss}: ${window}, ${expected}`);
  }
});

Deno.test("TcpLink: more connections help where losses are random", () => {
  const mirror = tcpMirror(150, 10, { loss: 0.005 });
  const shares = [1, 2, 4, 8].map((connections) => load(mirror, { connections }).share);
  assert(shares[0]! > 0.1 && shares[0]! < 0.16, `${shares}`);
  assertAlmostEquals(shares[1]! / shares[0]!, 2, 0.3);
  assert(shares[3]! > 0.8, `${shares}`);
});

Deno.test("TcpLink: two connections share fairly", () => {
  const { bytesByConnection: [one = 0, other = 0], share } = load(tcpMirror(60, 20), {
    connections: 2,
    seconds: 60,
  });
  assert(share > 0.95);
  assert(Math.min(one, other) / Math.max(one, other) > 0.6, `${one}, ${other}`);
});

Deno.test("TcpLink: all of a response arrives once, though a fifth of the packets is lost", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { bytes } = runRangeLoad(tcpMirror(50, 20, { loss: 0.2 }), {
      connections: 3,
      rangeBytes: 123_456,
      ranges: 12,
      seconds: 3600,
      seed,
    });
    assertEquals(bytes, 12 * 123_456);
  }
});

Deno.test("TcpLink: a lost tail is probed after two round trips, not after the timeout", () => {
  // The queue holds 43 packets: of the second response, sent in one burst, the end is dropped.
  const bench = new Bench(tcpMirror(50, 20, { queueBytes: 43 * 1500 }));
  let second: Fate | undefined;
  let askedAt = 0;
  bench.ask(100 * 1448, () => {
    askedAt = bench.queue.now;
    second = bench.ask(60 * 1448);
  });
  bench.run();
  assert(bench.link.statistics.drops.queue > 0);
  // A timeout alone would take 320 ms.
  const tookMs = second!.endedAt! - askedAt;
  assert(tookMs > 100 && tookMs < 300, `${tookMs}`);
});

Deno.test("TcpLink: nothing passes while it is down, and all goes on afterwards", () => {
  const bench = new Bench(tcpMirror(50, 20, { downAt: [[1, 2]] }));
  const fate = bench.ask(10_000_000);
  bench.run();
  const during = fate.pieces.filter(([at]) => at > 1040 && at < 2000);
  assertEquals(during, []);
  // Timeouts double meanwhile: 0.22 s, 0.44 s, 0.88 s.
  assert(fate.endedAt! > 2600 && fate.endedAt! < 4000, `${fate.endedAt}`);
  assert(bench.link.statistics.drops.down > 0);
});

Deno.test("TcpLink: handshakes and requests are repeated if they are lost", () => {
  const bench = new Bench(tcpMirror(50, 20, { downAt: [[0, 0.5], [2, 2.1]] }));
  const first = bench.ask(1000);
  let second: Fate | undefined;
  bench.queue.at(2050, () => second = bench.ask(1000));
  bench.run();
  assert(first.endedAt! > 1000 && first.endedAt! < 1100, `${first.endedAt}`);
  assert(second!.endedAt! > 2200 && second!.endedAt! < 2400, `${second!.endedAt}`);
  assertEquals(bench.link.statistics.connections, 1);
});

Deno.test("TcpLink: a cancelled request closes its connection, and its last packets are for nothing", () => {
  const bench = new Bench(tcpMirror(50, 20));
  const first = bench.ask(10_000_000);
  let second: Fate | undefined;
  bench.queue.at(500, () => {
    first.cancel();
    second = bench.ask(1000);
  });
  bench.run();
  const { connections, payloadBytes } = bench.link.statistics;
  assertEquals(connections, 2);
  assertEquals(second!.bytes, 1000);
  assertEquals(first.endedAt, undefined);
  // At most what the queue held, and a round trip.
  const wasted = payloadBytes - first.bytes - second!.bytes;
  assert(wasted > 10_000 && wasted < 300_000, `${wasted}`);
});

Deno.test("TcpLink: the sender waits for a client that does not read", () => {
  const bench = new Bench(tcpMirror(50, 20));
  const fate = bench.ask(2_000_000);
  bench.unread = 1e9;
  bench.run(3000);
  const before = fate.bytes;
  assert(before < 128 * 1024, `${before}`);
  bench.unread = 0;
  bench.link.wake();
  bench.run();
  assertEquals(fate.bytes, 2_000_000);
});

Deno.test("TcpLink: a server closes connections, limits their rates, and thinks", () => {
  const closing = load(tcpMirror(50, 20, { requestsPerConnection: 10 }), {
    rangeBytes: 10_000,
    ranges: 35,
  });
  assertEquals(closing.connections, 4);
  const limited = load(tcpMirror(50, 20, { connectionBytesPerSecond: 250_000 }), {
    connections: 2,
  });
  assertAlmostEquals(limited.bytes / limited.seconds, 500_000, 15_000);
  const bench = new Bench(tcpMirror(50, 20, { thinkMs: 200 }));
  const fate = bench.ask(1000);
  bench.run();
  assertAlmostEquals(fate.answeredAt!, 240, SLACK_MS);
});

Deno.test("TcpLink: connections beyond a server's limit are refused, reset, or never answered", () => {
  for (const [excess, resetMs] of [["refuse", 20], ["reset", 40], ["silent", undefined]] as const) {
    const connectionLimit = { most: 2, excess };
    const bench = new Bench(tcpMirror(50, 20, { connectionLimit }));
    const fates = [1, 2, 3].map(() => bench.ask(100_000));
    bench.run(5000);
    assertEquals(fates.map(({ bytes }) => bytes), [100_000, 100_000, 0], excess);
    if (resetMs === undefined) assertEquals(fates[2]!.resetAt, undefined);
    else assertAlmostEquals(fates[2]!.resetAt!, resetMs, SLACK_MS);
    // A closed connection makes room for another one.
    fates[2]!.cancel();
    const later = [1, 2].map(() => bench.ask(100_000));
    bench.run(10_000);
    assertEquals(later.map(({ bytes }) => bytes), [100_000, 100_000], excess);
  }
});

Deno.test("TcpLink: links behind one access link share its rate", () => {
  const queue = new EventQueue();
  const links = Array.from({ length: 3 }, () => tcpMirror(100, 20));
  const all = connectTcp({ links, clientBytesPerSecond: 12_500_000 }, queue, 1);
  const fates = all.map((link) => observeTransfer(link, queue, { bytes: 1e12 }));
  let isOver = false;
  queue.at(30_000, () => isOver = true);
  while (!isOver && queue.step());
  const total = fates.reduce((sum, one) => sum + one.bytes, 0);
  const share = total / 30 / 12_500_000 * 1500 / 1448;
  assert(share > 0.93 && share <= 1, `${share}`);
});
