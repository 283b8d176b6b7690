import { assert, assertEquals } from "@std/assert";
import { EventQueue } from "../event_queue.ts";
import { Wire } from "./wire.ts";

function wireOf(): { queue: EventQueue; wire: Wire<string>; arrivals: [number, string][] } {
  const queue = new EventQueue();
  const arrivals: [number, string][] = [];
  const wire = new Wire<string>(queue, (item) => arrivals.push([queue.now, item]));
  return { queue, wire, arrivals };
}

Deno.test("Wire delivers in order: nothing overtakes what was sent before", () => {
  const { queue, wire, arrivals } = wireOf();
  wire.send("slow", 10);
  wire.send("fast", 5);
  wire.send("never", Infinity);
  wire.send("last", 20);
  while (queue.step());
  assertEquals(arrivals, [[10, "slow"], [10, "fast"], [20, "last"]]);
});

Deno.test("Wire delivers together what arrives in quick succession, and nothing before it is due", () => {
  const { queue, wire, arrivals } = wireOf();
  const due = [1, 1.05, 1.1, 1.3, 5];
  due.forEach((at, index) => wire.send(`${index}`, at));
  while (queue.step());
  assertEquals(arrivals.map(([, item]) => item), ["0", "1", "2", "3", "4"]);
  arrivals.forEach(([at], index) => {
    assert(at >= due[index]! && at <= due[index]! + 0.21, `${index} at ${at}`);
  });
  assertEquals(new Set(arrivals.map(([at]) => at)).size, 4);
});

Deno.test("Wire: what is sent by a delivery arrives, too", () => {
  const queue = new EventQueue();
  const arrivals: number[] = [];
  const wire: Wire<number> = new Wire(queue, (left) => {
    arrivals.push(queue.now);
    if (left > 0) wire.send(left - 1, queue.now + 1);
  });
  wire.send(3, 1);
  while (queue.step());
  assertEquals(arrivals, [1, 2, 3, 4]);
});
