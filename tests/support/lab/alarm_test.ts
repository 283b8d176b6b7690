import { assert, assertEquals } from "@std/assert";
import { alarmAt } from "./alarm.ts";

function ringing(atMs: number): Promise<number> {
  return new Promise((resolve) => alarmAt(atMs, () => resolve(performance.now())));
}

Deno.test("alarmAt() never fires early, nor before it has returned", async () => {
  const now = performance.now();
  for (const delayMs of [-5, 0, 0.2, 1, 2.5, 7]) {
    const rangAt = await ringing(now + delayMs);
    assert(rangAt >= now + delayMs, `${delayMs} ms`);
  }
});

Deno.test("alarmAt(): alarms fire in order of time", async () => {
  const now = performance.now();
  const rang: number[] = [];
  await Promise.all([4, 1, 3, 0.5].map(async (delayMs) => {
    await ringing(now + delayMs);
    rang.push(delayMs);
  }));
  assertEquals(rang, [0.5, 1, 3, 4]);
});

Deno.test("alarmAt(): a cancelled alarm leaves nothing behind", async () => {
  const now = performance.now();
  let rang = 0;
  // One that still sleeps in a timer, one that is near, one that another one cancels as it rings.
  alarmAt(now + 60_000, () => rang++).cancel();
  alarmAt(now + 0.5, () => rang++).cancel();
  const late = alarmAt(now + 3, () => rang++);
  alarmAt(now + 2, () => late.cancel());
  await ringing(now + 4);
  assertEquals(rang, 0);
});
