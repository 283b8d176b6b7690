import { assert, assertEquals } from "@std/assert";
import { Mirror } from "../../lib/scheduler/mirror.ts";
import { simulateStrictly } from "../support/simulator/invariants.ts";
import { TESTBED } from "../support/simulator/mirror.ts";

Deno.test("Mirror.mostBytes: where two responses in a row break, less is requested at once", () => {
  const mirror = new Mirror("http://one.test/");
  mirror.broke(400_000);
  assertEquals(mirror.mostBytes, Infinity);
  mirror.completed(100_000);
  mirror.broke(300_000);
  assertEquals(mirror.mostBytes, Infinity);
  mirror.broke(400_000);
  assertEquals(mirror.mostBytes, 300_000);
  mirror.broke(10);
  assertEquals(mirror.mostBytes, 64 * 1024);
});

Deno.test("Mirror.mostBytes: a connection that brings much before it breaks is no reason for that", () => {
  const mirror = new Mirror("http://one.test/");
  for (let turn = 0; turn < 5; turn++) mirror.broke(20_000_000);
  assertEquals(mirror.mostBytes, Infinity);
});

Deno.test("Mirror.mostBytes grows again with whole responses of that size", () => {
  const mirror = new Mirror("http://one.test/");
  mirror.broke(1_000_000);
  mirror.broke(1_000_000);
  for (let turn = 0; turn < 40; turn++) mirror.completed(100_000);
  assertEquals(mirror.mostBytes, 1_000_000);
  for (let turn = 0; turn < 15; turn++) mirror.completed(1_000_000);
  assertEquals(mirror.mostBytes, 1_000_000);
  mirror.completed(1_000_000);
  assertEquals(mirror.mostBytes, 2_000_000);
  for (let turn = 0; turn < 48; turn++) mirror.completed(8_000_000);
  assertEquals(mirror.mostBytes, Infinity);
});

Deno.test("adaptive: a lone mirror whose connections break early is asked for as much as they bring", () => {
  for (const resetAfterBytes of [150_000, 400_000, 3_000_000]) {
    const links = [{ ...TESTBED[0]!, resetAfterBytes }];
    const options = { links, size: 50_000_000, slowStart: true, delay: "adaptive" } as const;
    const { scheduler, requestsSent } = simulateStrictly(options, 2);
    const { totalFailures } = scheduler.mirrors[0]!;
    assert(totalFailures < requestsSent / 4 + 4, `${totalFailures} of ${requestsSent} broke`);
  }
});
