import { assert, assertEquals } from "@std/assert";
import { killDownloads, type Moment } from "../../support/crash/killed_downloads.ts";

const SIZE = 3_000_000;

/** One kill of each kind; `deno task bench crash` makes hundreds, at random moments. */
const MOMENTS: readonly Moment[] = [
  { after: "start", ms: 400 },
  { after: "events", count: 4 },
  { after: "bytes", count: 0 },
  { after: "bytes", count: 500_000 },
  { after: "bytes", count: 1_000_000 },
  { after: "all bytes", ms: 0 },
];

Deno.test("a download that is killed again and again is right in the end", async () => {
  let next = 0;
  const report = await killDownloads({
    ...{ seed: 1, kills: MOMENTS.length, size: SIZE },
    bytesPerSecond: 2_000_000,
    moment: () => MOMENTS[next++ % MOMENTS.length]!,
  });
  assertEquals([...report.stages.values()].reduce((sum, count) => sum + count), MOMENTS.length);
  assert(report.complete > 0);
});
