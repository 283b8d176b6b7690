import { assert, assertEquals } from "@std/assert";
import { mulberry32 } from "../../random.ts";
import { Jitter } from "./jitter.ts";

Deno.test("Jitter wanders between 0 and its maximum, and lets no packet overtake another", () => {
  const jitter = new Jitter(20, mulberry32(1));
  const delays: number[] = [];
  let before = -Infinity;
  for (let at = 0; at < 5000; at += 0.5) {
    const delay = jitter.delayAt(at);
    assert(delay >= 0 && delay <= 20, `${delay}`);
    assert(at + delay >= before, `overtaken at ${at}`);
    before = at + delay;
    delays.push(delay);
  }
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
  assert(mean > 8 && mean < 12, `${mean}`);
});

Deno.test("Jitter of 0 delays nothing", () => {
  assertEquals(new Jitter(0, mulberry32(1)).delayAt(7), 0);
});
