import { assertEquals } from "@std/assert";
import { EventQueue } from "./event_queue.ts";
import { type Standstill, Standstills } from "./standstill.ts";

/** What a process notices of events at these times, and when. */
function noticed(all: readonly Standstill[], times: readonly number[], wakeAt: number): string[] {
  const queue = new EventQueue();
  const seen: string[] = [];
  const note = (text: string) => seen.push(`${text} at ${queue.now}`);
  const standstills = new Standstills(queue, all, {
    wakeAt: () => wakeAt,
    stood: (ms) => note(`stood ${ms}`),
    after: () => note("after"),
  });
  for (const at of times) queue.at(at, () => standstills.notice(() => note(`event of ${at}`)));
  while (queue.step());
  return seen;
}

Deno.test("Standstills: what happens meanwhile is noticed afterwards, in order", () => {
  assertEquals(noticed([[1, 2]], [500, 1000, 2000, 2500, 3000], 1100), [
    "event of 500 at 500",
    "stood 1900 at 3000",
    "event of 1000 at 3000",
    "event of 2000 at 3000",
    "event of 2500 at 3000",
    "after at 3000",
    "event of 3000 at 3000",
  ]);
});

Deno.test("Standstills: without an alarm that is late, none is reported; its length is the most", () => {
  assertEquals(noticed([[1, 0.1]], [], 1080), ["after at 1100"]);
  assertEquals(noticed([[1, 0.1]], [], 0), ["stood 100 at 1100", "after at 1100"]);
});
