import { assert, assertEquals } from "@std/assert";
import { Downloader } from "../../mod.ts";
import { Scheduler } from "../../lib/scheduler/scheduler.ts";
import { readToEnd } from "../support/download.ts";
import { randomContent } from "../support/lab/content.ts";
import { startMirror } from "../support/lab/mirror_lab.ts";

/** An alarm may ring earlier by so much, in milliseconds. */
const SLACK_MS = 5;

Deno.test("Driver: the scheduler is woken only when it wants to be, or after a standstill", async () => {
  const content = randomContent(600_000, 5);
  await using mirror = await startMirror({ content, bytesPerSecond: 1_000_000 });
  const { handle } = Scheduler.prototype;
  let early = 0;
  let chunks = 0;
  let stoodAt = -Infinity;
  Scheduler.prototype.handle = function (event, now) {
    if (event.type === "bytes") chunks++;
    if (event.type === "stood") stoodAt = now;
    if (event.type === "timeout" && this.wakeAt > now + SLACK_MS && now > stoodAt) early++;
    return handle.call(this, event, now);
  };
  try {
    const { bytes, error } = await readToEnd(new Downloader([mirror.url]));
    assertEquals([bytes, error], [content.size, undefined]);
  } finally {
    Scheduler.prototype.handle = handle;
  }
  assert(chunks > 3, `${chunks} chunks`);
  assertEquals(early, 0);
});
