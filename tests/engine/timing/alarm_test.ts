import { assertEquals } from "@std/assert";
import { Alarm } from "../../../lib/engine/timing/alarm.ts";

interface Timer {
  readonly delayMs: number;
  readonly ring: () => void;
}

/** Timers that ring when a test says so, and a clock that stands still unless a test moves it. */
interface Clock {
  now: number;
  readonly time: () => number;
  /** Timers that are set. */
  readonly timers: Map<number, Timer>;
  /** How many timers were ever set. */
  set: number;
}

function withClock(test: (clock: Clock) => void): void {
  const { setTimeout, clearTimeout } = globalThis;
  const clock: Clock = { now: 1000, time: () => clock.now, timers: new Map(), set: 0 };
  const fakes = {
    setTimeout: (ring: () => void, delayMs: number) => {
      clock.timers.set(++clock.set, {
        delayMs,
        ring: () => {
          clock.timers.clear();
          ring();
        },
      });
      return clock.set;
    },
    clearTimeout: (id: number) => clock.timers.delete(id),
  };
  try {
    Object.assign(globalThis, fakes);
    test(clock);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
}

function onlyTimer({ timers }: Clock): Timer {
  assertEquals(timers.size, 1);
  return [...timers.values()][0]!;
}

Deno.test("Alarm.set() rings once, at its time", () => {
  withClock((clock) => {
    let rang = 0;
    new Alarm(() => rang++, clock.time).set(1300);
    assertEquals([rang, onlyTimer(clock).delayMs], [0, 300]);
    onlyTimer(clock).ring();
    assertEquals([rang, clock.timers.size], [1, 0]);
  });
});

Deno.test("Alarm.set(): an earlier time replaces a later one", () => {
  withClock((clock) => {
    const alarm = new Alarm(() => {}, clock.time);
    alarm.set(9000);
    alarm.set(1200);
    assertEquals(onlyTimer(clock).delayMs, 200);
  });
});

Deno.test("Alarm.set(): a later time, or one hardly earlier, keeps the timer there is", () => {
  withClock((clock) => {
    const alarm = new Alarm(() => {}, clock.time);
    alarm.set(1200);
    for (const at of [1200, 1201, 9000, Infinity, 1195]) alarm.set(at);
    assertEquals([clock.set, onlyTimer(clock).delayMs], [1, 200]);
    alarm.set(1194);
    assertEquals([clock.set, onlyTimer(clock).delayMs], [2, 194]);
  });
});

Deno.test("Alarm.set(): Infinity sets nothing", () => {
  withClock((clock) => {
    new Alarm(() => {}, clock.time).set(Infinity);
    assertEquals(clock.timers.size, 0);
  });
});

Deno.test("Alarm.set(): a time that has passed rings at once, but never from within set()", () => {
  withClock((clock) => {
    let rang = 0;
    new Alarm(() => rang++, clock.time).set(10);
    assertEquals([rang, onlyTimer(clock).delayMs], [0, 0]);
  });
});

Deno.test("Alarm.set(): a fraction of a millisecond does not make it ring too early", () => {
  withClock((clock) => {
    new Alarm(() => {}, clock.time).set(1000.2);
    assertEquals(onlyTimer(clock).delayMs, 1);
  });
});

Deno.test("Alarm.set(): more than a timer can take is cut, and can be set again", () => {
  withClock((clock) => {
    const alarm = new Alarm(() => alarm.set(1e12), clock.time);
    alarm.set(1e12);
    assertEquals(onlyTimer(clock).delayMs, 2 ** 31 - 1);
    clock.now += 2 ** 31 - 1;
    onlyTimer(clock).ring();
    assertEquals(onlyTimer(clock).delayMs, 2 ** 31 - 1);
  });
});

Deno.test("Alarm: it can be set from within its ring, and after it was cleared", () => {
  withClock((clock) => {
    let rang = 0;
    const alarm = new Alarm(() => {
      if (++rang === 1) alarm.set(clock.now + 50);
    }, clock.time);
    alarm.set(1100);
    onlyTimer(clock).ring();
    assertEquals(onlyTimer(clock).delayMs, 50);
    alarm.clear();
    assertEquals(clock.timers.size, 0);
    alarm.set(1400);
    assertEquals(onlyTimer(clock).delayMs, 400);
  });
});

Deno.test("Alarm.lateMs() returns once for how long the alarm was held up", () => {
  withClock((clock) => {
    let rang = 0;
    const alarm = new Alarm(() => rang++, clock.time);
    alarm.set(1020);
    clock.now = 1060;
    assertEquals(alarm.lateMs(clock.now), 0);
    clock.now = 301_020;
    assertEquals([alarm.lateMs(clock.now), alarm.lateMs(clock.now)], [300_000, 0]);
    // It rings all the same, after what has arrived meanwhile was read.
    onlyTimer(clock).ring();
    assertEquals([rang, onlyTimer(clock).delayMs], [0, 1]);
    onlyTimer(clock).ring();
    assertEquals([rang, alarm.lateMs(clock.now + 1e6)], [1, 0]);
  });
});

Deno.test("Alarm.lateMs(): an alarm for a time that had passed is late from when it was set", () => {
  withClock((clock) => {
    const alarm = new Alarm(() => {}, clock.time);
    alarm.set(10);
    assertEquals(alarm.lateMs(clock.now), 0);
    clock.now += 100;
    assertEquals(alarm.lateMs(clock.now), 100);
  });
});

Deno.test("Alarm.lateMs() is known where the alarm itself is the first to be heard", () => {
  withClock((clock) => {
    const late: number[] = [];
    const alarm: Alarm = new Alarm(() => late.push(alarm.lateMs(clock.now)), clock.time);
    alarm.set(1020);
    clock.now = 7020;
    onlyTimer(clock).ring();
    onlyTimer(clock).ring();
    assertEquals([late, alarm.lateMs(clock.now + 1e6)], [[6000], 0]);
  });
});

Deno.test("Alarm.lateMs(): a standstill in the middle of what sets the alarm is told as well", () => {
  withClock((clock) => {
    const late: number[] = [];
    const alarm: Alarm = new Alarm(() => {
      late.push(alarm.lateMs(clock.now));
      clock.now += 5500;
      alarm.set(clock.now + 100);
    }, clock.time);
    alarm.set(1020);
    clock.now = 1030;
    onlyTimer(clock).ring();
    alarm.set(clock.now + 50);
    assertEquals([late, alarm.isDue(9000, clock.now)], [[0], true]);
    assertEquals([alarm.lateMs(clock.now), alarm.lateMs(clock.now)], [5510, 0]);
  });
});

Deno.test("Alarm.isDue(): when it is nearly time, or after a standstill, which is left to lateMs()", () => {
  withClock((clock) => {
    const alarm = new Alarm(() => {}, clock.time);
    alarm.set(1020);
    const due = [[1025, 1019], [1025, 1020], [9000, 1060], [9000, 1071], [9000, 1071]] as const;
    assertEquals(due.map(([at, now]) => alarm.isDue(at, now)), [false, true, false, true, true]);
    assertEquals([alarm.lateMs(1071), alarm.isDue(9000, 1071)], [51, false]);
  });
});
