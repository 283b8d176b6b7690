import { assert, assertEquals } from "@std/assert";
import { HostLimits, type Seat, type Ticket } from "../../../lib/scheduler/host/host_limits.ts";

const HOST = "http://one.test";
const REFUSAL = { retryAfterMs: 0, jitter: 0 };

/** Two downloads at one host, and how often it was the turn of each. */
function scene(): { limits: HostLimits; seats: [Seat, Seat, Seat]; turns: number[] } {
  const limits = new HostLimits();
  const turns = [0, 0, 0];
  const join = (index: number) => limits.join(HOST, () => void turns[index]!++);
  return { limits, seats: [join(0), join(1), join(2)], turns };
}

function refuse(seat: Seat, now: number, retryAfterMs = 0): number {
  const ticket = seat.send(now);
  ticket.release(now, false);
  return seat.refuse({ ...REFUSAL, retryAfterMs, sentAt: now }, now);
}

function send(seat: Seat, now: number): Ticket {
  const ticket = seat.send(now);
  ticket.accepted(now);
  ticket.delivered(now);
  return ticket;
}

Deno.test("HostLimits: without a refusal there is no limit", () => {
  const { seats: [one, other] } = scene();
  for (let count = 0; count < 100; count++) send(one, 0);
  assertEquals([one.room(0), other.room(0), other.limit(0)], [Infinity, Infinity, Infinity]);
  assertEquals([one.leastBytes(0), one.turnAt(0)], [0, Infinity]);
});

Deno.test("HostLimits: what is refused while others are served limits the requests of all downloads", () => {
  const { seats: [one, other, third] } = scene();
  const tickets = [send(one, 0), send(other, 0)];
  assertEquals(refuse(third, 10), 100);
  assertEquals([one.limit(10), one.room(10), third.room(10)], [2, 0, 0]);
  tickets[0]!.release(500, false);
  assertEquals([one.room(500), third.room(500)], [1, 1]);
  third.send(500);
  assertEquals([one.room(500), third.room(500)], [0, 0]);
});

Deno.test("HostLimits: pauses double with each refusal, until a request is accepted", () => {
  const { seats: [one] } = scene();
  let now = 0;
  const pauses = [];
  for (let round = 0; round < 9; round++) {
    pauses.push(refuse(one, now));
    now = one.turnAt(now);
    assertEquals(one.room(now), 1);
  }
  assertEquals(pauses, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  send(one, now).release(now, false);
  assertEquals(refuse(one, now), 250);
});

Deno.test("HostLimits: refusals of requests that were sent together count once", () => {
  const { seats: [one, other] } = scene();
  const served = send(other, 0);
  const tickets = [1, 2, 3, 4].map(() => one.send(0));
  const pauses = tickets.map((ticket, index) => {
    ticket.release(20 + index, false);
    return one.refuse({ ...REFUSAL, sentAt: 0 }, 20 + index);
  });
  assertEquals(pauses, [100, 100, 100, 100]);
  assertEquals(one.limit(30), 1);
  served.release(30, false);
});

Deno.test("HostLimits: each refusal makes ranges longer, up to everything", () => {
  const { seats: [one] } = scene();
  let now = 0;
  const lengths = [];
  for (let round = 0; round < 20; round++) {
    refuse(one, now++);
    lengths.push(one.leastBytes(now));
  }
  assertEquals(lengths.slice(0, 3), [512 * 1024, 2 * 1024 ** 2, 8 * 1024 ** 2]);
  assertEquals(lengths.at(-1), Number.MAX_SAFE_INTEGER);
});

Deno.test("HostLimits: Retry-After holds where nothing else is served", () => {
  const { seats: [one, other] } = scene();
  assertEquals(refuse(one, 0, 5000), 5000);
  assertEquals([other.room(4999), other.turnAt(0), other.room(5000)], [0, 5000, 1]);
  const served = send(one, 5000);
  assertEquals(refuse(other, 5000, 60_000), 100);
  served.release(5200, false);
  assertEquals(one.room(5200), 1);
});

Deno.test("HostLimits: a free slot is for the one that has waited longest, for a moment", () => {
  const { seats: [one, other, third], turns } = scene();
  let ticket = send(one, 0);
  refuse(other, 10);
  other.wait(10);
  third.wait(20);
  // It learns that others wait.
  assertEquals(turns, [2, 0, 0]);
  ticket.release(1000, false);
  assertEquals(turns, [2, 1, 1]);
  assertEquals([one, other, third].map((seat) => seat.room(1000)), [0, 1, 0]);
  assertEquals(one.turnAt(1000), 1250);
  ticket = send(other, 1000);
  ticket.release(2000, false);
  assertEquals([one.room(2000), third.room(2000)], [0, 1]);
  // It does not take it, so that none is kept for it again.
  assertEquals(one.room(2250), 1);
  send(one, 2250).release(3000, false);
  assertEquals(one.room(3000), 1);
});

Deno.test("HostLimits: one that waits tries all the same, seldom and seldomer", () => {
  const { seats: [one, other] } = scene();
  send(one, 0);
  refuse(other, 0);
  other.wait(0);
  const trials = [];
  for (let now = 100; now < 100_000; now = other.turnAt(now)) {
    if (other.room(now) === 0) continue;
    trials.push(now);
    refuse(other, now);
  }
  assertEquals(trials.slice(0, 5).map((at) => Math.round(at / 1000)), [2, 6, 14, 30, 60]);
});

Deno.test("HostLimits: a request more that is accepted corrects the limit", () => {
  const { seats: [one, other] } = scene();
  send(one, 0);
  refuse(other, 0);
  assertEquals(one.limit(0), 1);
  send(other, 3000);
  assertEquals(one.limit(3000), 2);
});

Deno.test("HostLimits: a request that was just cancelled may still count for the host", () => {
  const { seats: [one, other] } = scene();
  send(one, 0);
  send(one, 0).release(100, true);
  refuse(other, 110);
  assertEquals(one.limit(110), 2);
});

Deno.test("HostLimits: what was learned is forgotten after a minute without a refusal, little by little", () => {
  const { seats: [one, other] } = scene();
  send(one, 0);
  for (let round = 0; round < 2; round++) refuse(other, round);
  assertEquals([one.limit(1), one.leastBytes(1)], [1, 2 * 1024 ** 2]);
  assertEquals([one.room(60_000), one.turnAt(60_000)], [0, 60_001]);
  assertEquals([one.room(60_001), one.limit(60_001), one.leastBytes(60_001)], [1, 2, 512 * 1024]);
  assertEquals([one.room(120_001), one.leastBytes(120_001)], [2, 0]);
});

Deno.test("HostLimits: hosts that nothing is known of are forgotten, those in use never", () => {
  const limits = new HostLimits();
  const kept = limits.join("http://kept.test", () => {});
  send(kept, 0);
  refuse(kept, 0);
  for (let index = 0; index < 5000; index++) {
    const seat = limits.join(`http://${index}.test`, () => {});
    send(seat, index * 1000).release(index * 1000, false);
  }
  assert(limits.size <= 256, `${limits.size} hosts`);
  assertEquals(kept.liveRequests(5e6), 1);
});

Deno.test("HostLimits: a mirror that redirects counts where it leads", () => {
  const { limits, seats: [one] } = scene();
  const far = limits.join("http://far.test", () => {});
  send(far, 0);
  refuse(far, 0);
  assertEquals(one.room(500), Infinity);
  one.move("http://far.test", 500);
  assertEquals([one.room(500), one.host], [0, "http://far.test"]);
});

Deno.test("HostLimits: requests keep a distance that refusals make longer, and accepted ones shorter", () => {
  const { seats: [one, other] } = scene();
  let now = 0;
  // Five requests a second, as nginx counts them.
  let excess = 0;
  let countedAt = 0;
  let refused = 0;
  let accepted = 0;
  for (let index = 0; now < 20_000; index++) {
    const seat = index % 2 === 0 ? one : other;
    if (seat.room(now) === 0) {
      now = seat.turnAt(now);
      continue;
    }
    const left = Math.max(0, excess - (now - countedAt) / 200);
    if (left > 2) {
      refuse(seat, now);
      refused++;
    } else {
      send(seat, now).release(now, false);
      [excess, countedAt] = [left + 1, now];
      accepted++;
    }
  }
  assert(accepted > 80 && refused < 20, `${accepted} accepted, ${refused} refused`);
  // After a few minutes nothing of it is left.
  for (let minute = 1; minute < 8; minute++) one.room(now + 61_000 * minute);
  assertEquals([one.room(now + 500_000), one.limit(now + 500_000)], [Infinity, Infinity]);
});

Deno.test("HostLimits: what refusals have taught is taken back where they were no limit", () => {
  const { seats: [one, other] } = scene();
  const others = send(other, 0);
  const known = (now: number) => [
    ...[one.limit(now), one.leastBytes(now), one.room(now), one.accepted(now)],
  ];
  const before = known(0);
  for (const now of [10, 200, 500]) refuse(one, now);
  assertEquals(known(500).slice(0, 3), [1, 8 * 1024 * 1024, 0]);
  one.unlearn(500);
  assertEquals(known(500), before);
  // But not where another mirror was refused, too, or after a request was accepted.
  refuse(one, 600);
  refuse(other, 800);
  one.unlearn(800);
  assertEquals(one.limit(800), 1);
  others.release(900, false);
  send(other, 5000).release(5000, false);
  one.unlearn(5000);
  assertEquals(one.limit(5000), 1);
});

Deno.test("HostLimits: an address of a host is counted with the others once it has answered", () => {
  const limits = new HostLimits();
  const urls = [1, 2].map((last) => `${HOST}/f#192.0.2.${last}`);
  const [one, other] = urls.map((url) => limits.join(url, () => {})) as [Seat, Seat];
  one.move(urls[0]!, 0);
  send(one, 0);
  assertEquals([one.liveRequests(0), other.liveRequests(0)], [1, 0]);
  assertEquals([one.isAt(urls[0]!), other.isAt(urls[1]!)], [true, true]);
  other.move(urls[1]!, 10);
  send(other, 10);
  assertEquals([one.liveRequests(10), other.liveRequests(10)], [2, 2]);
  refuse(other, 20);
  assertEquals([one.limit(20), one.room(20), one.host], [2, 0, HOST]);
  // Where its redirects lead, it is one mirror of many.
  other.move("http://two.test/f", 30);
  assertEquals([other.isAt(urls[1]!), limits.join(HOST, () => {}).isAt(HOST)], [false, false]);
});
