import { assertEquals } from "@std/assert";
import { SerialQueue } from "../../../lib/engine/timing/serial_queue.ts";

/** A queue of numbers that are counted down to 1, and a log of what it does. */
function countdown(log: unknown[]): SerialQueue<number> {
  const queue = new SerialQueue<number>((item) => {
    log.push(`begin ${item}`);
    if (item === 13) throw new Error("unlucky");
    if (item > 1) queue.add(item - 1);
    log.push(`end ${item}`);
  }, (error) => log.push((error as Error).message));
  return queue;
}

Deno.test("SerialQueue.add() handles what is added in the middle of something after it", () => {
  const log: unknown[] = [];
  countdown(log).add(2);
  assertEquals(log, ["begin 2", "end 2", "begin 1", "end 1"]);
});

Deno.test("SerialQueue.run() handles what is added in a step after that", () => {
  const log: unknown[] = [];
  const queue = countdown(log);
  queue.run(() => {
    for (const item of [2, 1]) queue.add(item);
    log.push("step");
  });
  assertEquals(log, ["step", "begin 2", "end 2", "begin 1", "end 1", "begin 1", "end 1"]);
});

Deno.test("SerialQueue: what is thrown is passed on, and the queue goes on after it", () => {
  const log: unknown[] = [];
  const queue = countdown(log);
  queue.add(13);
  queue.add(1);
  assertEquals(log, ["begin 13", "unlucky", "begin 1", "end 1"]);
});

Deno.test("SerialQueue.clear() drops what waits", () => {
  const log: unknown[] = [];
  const queue = countdown(log);
  queue.run(() => {
    queue.add(2);
    queue.clear();
  });
  assertEquals(log, []);
});
