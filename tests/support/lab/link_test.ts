import { assert, assertEquals, assertThrows } from "@std/assert";
import { until } from "./client.ts";
import { Link, quantumBytes, type Sink, type Source } from "./link.ts";

/** A source of this many bytes, all of one value. */
function source(size: number, value = 0): Source {
  let left = size;
  return {
    get left() {
      return left;
    },
    take(limit) {
      if (left === 0) return undefined;
      const bytes = new Uint8Array(Math.min(left, limit)).fill(value);
      left -= bytes.length;
      return bytes;
    },
  };
}

/** Notes what arrives and when; accepts in the next microtask. */
class NotingSink implements Sink {
  readonly pieces: { value: number | undefined; length: number; atMs: number }[] = [];

  get total(): number {
    return this.pieces.reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Uint8Array, accepted: () => void): void {
    this.pieces.push({ value: bytes[0], length: bytes.length, atMs: performance.now() });
    queueMicrotask(accepted);
  }
}

/** Accepts nothing until accept(). */
class BlockedSink implements Sink {
  total = 0;
  #waiting: (() => void)[] = [];

  write(bytes: Uint8Array, accepted: () => void): void {
    this.total += bytes.length;
    this.#waiting.push(accepted);
  }

  accept(): void {
    for (const accepted of this.#waiting.splice(0)) accepted();
  }
}

Deno.test("quantumBytes() is a millisecond of the rate, or more, within its bounds", () => {
  assertEquals(quantumBytes(1_000_000, 5), 5000);
  assertEquals(quantumBytes(18_750_000), 18_750);
  assertEquals(quantumBytes(1000), 1460);
  assertEquals(quantumBytes(0), 1460);
  assertEquals(quantumBytes(1e9), 65_536);
});

Deno.test("Link delivers every byte, at full speed and shaped", async () => {
  for (const rate of [undefined, 1e9, 20e6]) {
    const link = new Link(rate);
    const sink = new NotingSink();
    assertEquals(await link.send(source(1_000_003), sink).finished, true);
    assertEquals(sink.total, 1_000_003);
  }
});

Deno.test("Link finishes an empty source at once", async () => {
  for (const rate of [undefined, 1e6, 0]) {
    assertEquals(await new Link(rate).send(source(0), new NotingSink()).finished, true);
  }
});

Deno.test("Link is strict: no byte is delivered before the link could have carried it", async () => {
  const rate = 10e6;
  const link = new Link(rate);
  const sink = new NotingSink();
  const startedAt = performance.now();
  await link.send(source(200_000), sink).finished;
  let sum = 0;
  for (const { length, atMs } of sink.pieces) {
    sum += length;
    assert(
      atMs - startedAt >= sum / rate * 1000 - 0.01,
      `${sum} bytes after ${atMs - startedAt} ms`,
    );
  }
});

Deno.test("Link: idle time is lost, without a burst for the next flow", async () => {
  const rate = 10e6;
  const link = new Link(rate);
  await link.send(source(10_000), new NotingSink()).finished;
  // Let the link stand idle for as long as it would need for 50 kB.
  const idleUntil = performance.now() + 5;
  while (performance.now() < idleUntil) { /* the point is that no event loop turns */ }
  const startedAt = performance.now();
  await link.send(source(50_000), new NotingSink()).finished;
  assert(performance.now() - startedAt >= 5 - 0.01);
});

Deno.test("Link: a late timer loses nothing while there are bytes to carry", async () => {
  const rate = 10e6;
  const link = new Link(rate);
  const sink = new NotingSink();
  const flow = link.send(source(2_000_000_000), sink);
  const startedAt = performance.now();
  while (performance.now() < startedAt + 50) { /* holds up every timer */ }
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 0);
  await promise;
  // What 45 ms of the rate carry is there although no timer could fire for 50 ms.
  assert(sink.total >= 450_000, `${sink.total}`);
  flow.cancel();
  assertEquals(await flow.finished, false);
});

Deno.test("Link is fair: flows take turns by quanta", async () => {
  const link = new Link(20e6);
  const sink = new NotingSink();
  const flows = [1, 2, 3].map((value) => link.send(source(100_000, value), sink));
  await Promise.all(flows.map((flow) => flow.finished));
  const values = sink.pieces.map(({ value }) => value);
  // The first flow had the link for itself for one quantum.
  assertEquals(values.slice(0, 15), [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
  assertEquals(sink.total, 300_000);
});

Deno.test("Link: a blocked flow does not delay the others, and resumes", async () => {
  const link = new Link(50e6);
  const blocked = new BlockedSink();
  const free = new NotingSink();
  const slow = link.send(source(600_000), blocked);
  assertEquals(await link.send(source(600_000), free).finished, true);
  assert(blocked.total >= 256 * 1024 && blocked.total < 384 * 1024, `${blocked.total}`);
  const accepting = setInterval(() => blocked.accept(), 1);
  assertEquals(await slow.finished, true);
  clearInterval(accepting);
  assertEquals(blocked.total, 600_000);
});

Deno.test("Link: at most 10 ms of the time lost to a blocked sink are made up for", async () => {
  const rate = 50e6;
  const link = new Link(rate);
  const sink = new BlockedSink();
  const flow = link.send(source(10_000_000), sink);
  const { promise, resolve } = Promise.withResolvers<void>();
  const blockedAt = 256 * 1024 / rate * 1000;
  setTimeout(resolve, blockedAt + 60);
  await promise;
  const before = sink.total;
  const acceptedAt = performance.now();
  // What a new flow would get of the time lost shows in one turn.
  sink.accept();
  const made = sink.total - before;
  const spentMs = performance.now() - acceptedAt;
  assert(made <= rate * (10 + spentMs) / 1000 + quantumBytes(rate), `${made} bytes at once`);
  flow.cancel();
});

Deno.test("Link.setRate() 0 is silence until another rate", async () => {
  const link = new Link(0);
  const sink = new NotingSink();
  const flow = link.send(source(50_000), sink);
  assertEquals(sink.total, 0);
  link.setRate(10e6);
  link.setRate(0);
  link.setRate(undefined);
  assertEquals(await flow.finished, true);
  assertEquals(sink.total, 50_000);
});

Deno.test("Link falls silent after so many bytes, until another rate", async () => {
  for (const rate of [undefined, 20e6]) {
    const link = new Link(rate, { silentAfter: 30_000 });
    const sink = new NotingSink();
    const flows = [1, 2].map((value) => link.send(source(50_000, value), sink));
    await until(() => link.bytesPerSecond === 0 || undefined);
    assertEquals(sink.total, 30_000);
    link.setRate(rate, 40_000);
    await until(() => link.bytesPerSecond === 0 || undefined);
    assertEquals(sink.total, 70_000);
    link.setRate(rate);
    assertEquals(await Promise.all(flows.map(({ finished }) => finished)), [true, true]);
    assertEquals(sink.total, 100_000);
  }
});

Deno.test("Link.setRate() applies to the current quantum", async () => {
  const link = new Link(1000);
  const sink = new NotingSink();
  const flow = link.send(source(3000), sink);
  // At the first rate this would take three seconds.
  const startedAt = performance.now();
  link.setRate(1e6);
  assertEquals(await flow.finished, true);
  assert(performance.now() - startedAt >= 3);
  assertEquals(sink.total, 3000);
});

Deno.test("Link.close() cancels every flow and timer", async () => {
  const link = new Link(1000);
  const flows = [1, 2].map((value) => link.send(source(1e6, value), new NotingSink()));
  link.close();
  assertEquals(await Promise.all(flows.map((flow) => flow.finished)), [false, false]);
});

Deno.test("Link throws for an invalid rate", () => {
  assertThrows(() => new Link(-1), RangeError);
  assertThrows(() => new Link(NaN), RangeError);
  assertThrows(() => new Link(1).setRate(Infinity), RangeError);
});
