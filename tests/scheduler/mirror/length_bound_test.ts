import { assert, assertEquals } from "@std/assert";
import { LengthBound } from "../../../lib/scheduler/mirror/length_bound.ts";
import { simulateStrictly } from "../../support/simulator/invariants.ts";
import { TESTBED } from "../../support/simulator/mirror.ts";

Deno.test("LengthBound.mostBytes: where two responses in a row break, less is requested at once", () => {
  const bound = new LengthBound();
  bound.broke(400_000);
  assertEquals(bound.mostBytes, Infinity);
  bound.completed(100_000);
  bound.broke(300_000);
  assertEquals(bound.mostBytes, Infinity);
  bound.broke(400_000);
  assertEquals(bound.mostBytes, 300_000);
  bound.broke(10);
  assertEquals(bound.mostBytes, 64 * 1024);
});

Deno.test("LengthBound.mostBytes: where two responses in a row are shorter than requested, as much as the longest", () => {
  const bound = new LengthBound();
  bound.answered(100_000, 600_000);
  assertEquals(bound.mostBytes, Infinity);
  // Shorter ones say nothing of that.
  bound.answered(1024);
  bound.answered(90_000, 500_000);
  assertEquals([bound.mostBytes, bound.shown], [100_000, 100_000]);
  bound.answered(20_000, 100_000);
  assertEquals(bound.mostBytes, 100_000);
});

Deno.test("LengthBound.mostBytes: one response that is shorter than requested, now and then, is no reason", () => {
  const bound = new LengthBound();
  for (let turn = 0; turn < 5; turn++) {
    bound.answered(100_000, 600_000);
    bound.answered(600_000);
  }
  assertEquals(bound.mostBytes, Infinity);
});

Deno.test("LengthBound.mostBytes: long responses that are shorter than requested are no reason", () => {
  const bound = new LengthBound();
  for (let turn = 0; turn < 5; turn++) bound.answered(20_000_000, 50_000_000);
  assertEquals(bound.mostBytes, Infinity);
});

Deno.test("LengthBound.mostBytes: a connection that brings much before it breaks is no reason for that", () => {
  const bound = new LengthBound();
  for (let turn = 0; turn < 5; turn++) bound.broke(20_000_000);
  assertEquals(bound.mostBytes, Infinity);
});

Deno.test("LengthBound.mostBytes grows again with whole responses of that size", () => {
  const bound = new LengthBound();
  bound.broke(1_000_000);
  bound.broke(1_000_000);
  for (let turn = 0; turn < 40; turn++) bound.completed(100_000);
  assertEquals(bound.mostBytes, 1_000_000);
  for (let turn = 0; turn < 15; turn++) bound.completed(1_000_000);
  assertEquals(bound.mostBytes, 1_000_000);
  bound.completed(1_000_000);
  assertEquals(bound.mostBytes, 2_000_000);
  for (let turn = 0; turn < 48; turn++) bound.completed(8_000_000);
  assertEquals(bound.mostBytes, Infinity);
});

// By as many connections as are the default, too.
for (const connections of [2, 8]) {
  Deno.test(`adaptive: a lone mirror whose connections break early is asked for as much as they bring: ${connections} connections`, () => {
    for (const resetAfterBytes of [150_000, 400_000, 3_000_000]) {
      const links = [{ ...TESTBED[0]!, resetAfterBytes }];
      const options = {
        links,
        size: 50_000_000,
        slowStart: true,
        delay: "adaptive",
        maxConnectionsPerMirror: connections,
      } as const;
      const { scheduler, requestsSent } = simulateStrictly(options, connections);
      const { totalFailures } = scheduler.mirrors[0]!;
      assert(totalFailures < requestsSent / 4 + 4, `${totalFailures} of ${requestsSent} broke`);
    }
  });
}

Deno.test("LengthBound.refused(): half as much is requested, or as much as was served", () => {
  const bound = new LengthBound();
  bound.answered(12_288);
  assertEquals([bound.refused(Infinity), bound.mostBytes], [true, 4 * 1024 * 1024]);
  // One that was sent before says nothing new.
  assertEquals([bound.refused(6_000_000), bound.mostBytes], [true, 4 * 1024 * 1024]);
  bound.answered(3_000_000);
  assertEquals([bound.refused(4_000_000), bound.mostBytes], [true, 3_000_000]);
});

Deno.test("LengthBound.refused(): what is refused at any length is no matter of it", () => {
  const bound = new LengthBound();
  for (let bytes = 1_000_000; bytes > 64 * 1024; bytes = bound.mostBytes) {
    assertEquals(bound.refused(bytes), true);
    if (bound.mostBytes === 64 * 1024) break;
  }
  assertEquals([bound.refused(64 * 1024), bound.mostBytes], [false, Infinity]);
});

Deno.test("LengthBound.mostBytes: what was refused is tried again late, and ever later", () => {
  const bound = new LengthBound();
  bound.answered(100_000);
  const tries = [64, 256, 1024].map((most) => {
    bound.refused(200_000);
    bound.answered(100_000);
    let completed = 0;
    while (bound.mostBytes === 100_000) {
      bound.completed(100_000);
      completed++;
    }
    return [completed, most];
  });
  for (const [completed, most] of tries) assertEquals(completed, most);
});

Deno.test("LengthBound.shown: what responses have shown, where something was learned", () => {
  const bound = new LengthBound();
  bound.answered(100_000);
  assertEquals(bound.shown, undefined);
  bound.refused(400_000);
  assertEquals([bound.mostBytes, bound.shown], [200_000, undefined]);
  bound.answered(200_000);
  assertEquals(bound.shown, 200_000);
  const later = new LengthBound();
  later.recall(Infinity);
  assertEquals([later.mostBytes, later.shown], [Infinity, undefined]);
  later.recall(200_000);
  assertEquals([later.mostBytes, later.shown], [200_000, 200_000]);
  assertEquals([later.refused(200_000), later.mostBytes], [true, 100_000]);
});
