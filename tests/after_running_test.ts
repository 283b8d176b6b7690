import { assertEquals } from "@std/assert";
import { afterRunning } from "../lib/after_running.ts";

Deno.test("afterRunning() calls once, unless it is prevented", async () => {
  const called: string[] = [];
  const stop = afterRunning(1, () => called.push("prevented"));
  stop();
  await new Promise<void>((resolve) =>
    afterRunning(4, () => {
      called.push("end");
      // The others would come by then.
      setTimeout(resolve, 20);
    }, () => called.push("quarter"))
  );
  assertEquals(called, [...Array(4).fill("quarter"), "end"]);
});
