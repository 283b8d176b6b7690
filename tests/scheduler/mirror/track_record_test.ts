import { assertEquals } from "@std/assert";
import { TrackRecord } from "../../../lib/scheduler/mirror/track_record.ts";

Deno.test("TrackRecord.isProven: seven answers in a row, or two that were asked for after a refusal", () => {
  const record = new TrackRecord();
  const answersUntilProven = (sentAt: number) => {
    let answers = 0;
    for (; !record.isProven; answers++) record.answered(sentAt);
    return answers;
  };
  assertEquals(answersUntilProven(0), 7);
  record.refused(100);
  assertEquals(record.isProven, false);
  // Those that were sent before it say nothing about what is refused now.
  for (let answers = 0; answers < 10; answers++) record.answered(99);
  assertEquals([record.isProven, answersUntilProven(100)], [false, 2]);
});

Deno.test("TrackRecord.refused() returns since when there has been no answer", () => {
  const record = new TrackRecord();
  assertEquals([100, 200, 300].map((now) => record.refused(now)), [100, 100, 100]);
  record.answered(250);
  assertEquals(record.refused(400), 400);
});
