import { assert, assertEquals } from "@std/assert";
import { BreakBound } from "../../../lib/scheduler/mirror/break_bound.ts";
import { simulateStrictly } from "../../support/simulator/invariants.ts";
import { TESTBED } from "../../support/simulator/mirror.ts";

Deno.test("BreakBound.mostBytes: where two responses in a row break, less is requested at once", () => {
  const bound = new BreakBound();
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

Deno.test("BreakBound.mostBytes: a connection that brings much before it breaks is no reason for that", () => {
  const bound = new BreakBound();
  for (let turn = 0; turn < 5; turn++) bound.broke(20_000_000);
  assertEquals(bound.mostBytes, Infinity);
});

Deno.test("BreakBound.mostBytes grows again with whole responses of that size", () => {
  const bound = new BreakBound();
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
