import { assertEquals } from "@std/assert";
import { mulberry32 } from "../../random.ts";
import { Fifo } from "./fifo.ts";

Deno.test("Fifo returns items in order, however many have passed", () => {
  const fifo = new Fifo<number>();
  const random = mulberry32(1);
  let pushed = 0;
  let shifted = 0;
  for (let round = 0; round < 20_000; round++) {
    if (random() < 0.52) fifo.push(pushed++);
    else if (fifo.length > 0) {
      assertEquals(fifo.first, shifted);
      assertEquals(fifo.shift(), shifted++);
    }
    assertEquals(fifo.length, pushed - shifted);
  }
  while (fifo.length > 0) assertEquals(fifo.shift(), shifted++);
  assertEquals([fifo.first, shifted], [undefined, pushed]);
});
