import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { schedulerOptionsOf } from "./algorithms.ts";
import { capacity, oracle } from "./oracle.ts";
import { mulberry32 } from "../random.ts";
import { randomNetwork } from "./random_network.ts";
import { megabits, TESTBED } from "./mirror.ts";
import { simulate } from "./simulator.ts";

const LINK = { bytesPerSecond: 1_000_000, roundTripMs: 50 };

Deno.test("oracle(): each link is busy from its second round trip on", () => {
  assertAlmostEquals(oracle({ links: [LINK], size: 2_000_000 }).seconds, 2.1, 1e-6);
  // The links' limit of the yardstick.
  assertAlmostEquals(oracle({ links: TESTBED, size: 200_000_000 }).seconds, 7.48, 0.005);
  const { points } = oracle({ links: [LINK], size: 2_000_000 });
  assertAlmostEquals(points[0]![0], 0.101, 1e-9);
  assertEquals(points.at(-1), [points.at(-1)![0], 2_000_000]);
});

Deno.test("oracle(): an empty file takes no time", () => {
  assertEquals(oracle({ links: [LINK], size: 0 }), { seconds: 0, points: [] });
});

Deno.test("oracle() with slow start is late by the bytes missing in the first round trips", () => {
  const links = megabits([[80, 50]]);
  const { seconds } = oracle({ links, size: 20_000_000, slowStart: true });
  // Windows of 14.6, 29.2, 58.4, 116.8, 233.6 and 467.2 KB; from then on 500 KB a round trip.
  const carried = 14_600 * (2 ** 6 - 1);
  assertAlmostEquals(seconds, 0.1 + 6 * 0.05 + (20_000_000 - carried) / 10_000_000, 0.01);
});

Deno.test("oracle() follows rates, silence, deaths and returns, server time and limits", () => {
  const seconds = (
    change: Partial<Parameters<typeof oracle>[0]["links"][number]>,
    network: Partial<Parameters<typeof oracle>[0]> = {},
  ) => oracle({ links: [{ ...LINK, ...change }], size: 2_000_000, ...network }).seconds;
  assertAlmostEquals(seconds({ ratesAt: [[1.1, 0], [3.1, 500_000]] }), 5.1, 1e-6);
  assertEquals(seconds({ silentFromMs: 2000 }), Infinity);
  assertEquals(seconds({ deadFromMs: 2000 }), Infinity);
  assertAlmostEquals(seconds({ deadFromMs: 1100, returnsAtMs: 5000 }), 6.1, 1e-6);
  assertEquals(seconds({ deadFromMs: 500, returnsAtMs: 1000, silentFromMs: 2000 }), Infinity);
  assertAlmostEquals(seconds({ thinkMs: 400 }), 2.5, 1e-6);
  assertAlmostEquals(seconds({ connectionBytesPerSecond: 250_000 }), 4.1, 1e-6);
  assertAlmostEquals(seconds({}, { clientBytesPerSecond: 250_000 }), 8.1, 1e-6);
  const links = [{ ...LINK, connectionBytesPerSecond: 250_000 }];
  assertAlmostEquals(oracle({ links, size: 2_000_000 }, { connections: 1 }).seconds, 8.1, 1e-6);
});

Deno.test("capacity() is the nominal capacity within all limits", () => {
  assertEquals(capacity({ links: TESTBED, size: 1 }), 215 * 125_000);
  assertEquals(capacity({ links: TESTBED, size: 1, clientBytesPerSecond: 1e6 }), 1e6);
  const links = [{ ...LINK, connectionBytesPerSecond: 300_000 }, LINK];
  assertEquals(capacity({ links, size: 1 }), 1_600_000);
  assertEquals(capacity({ links, size: 1 }, { connections: 1 }), 1_300_000);
});

Deno.test("no algorithm is faster than the oracle", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const options = { ...randomNetwork(mulberry32(seed)), start: 0, end: undefined };
    const outcome = simulate({ ...options, ...schedulerOptionsOf("diff", options.links) });
    const { seconds } = oracle(options);
    assert(outcome.seconds >= seconds - 1e-6, `seed ${seed}: ${outcome.seconds} s, ${seconds} s`);
  }
});
