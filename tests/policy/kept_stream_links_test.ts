/** Links that are good for one request, in random networks whose links are silent now and then. */

import { assertEquals } from "@std/assert";
import { mulberry32 } from "../support/random.ts";
import type { SimulatedMirror } from "../support/simulator/mirror.ts";
import type { RateChange } from "../support/simulator/rate_timeline.ts";
import { simulate } from "../support/simulator/simulator.ts";

const STATUSES = [403, 404, 410, 429, 503] as const;
const CONNECTIONS = [3, 4, 8, "auto"] as const;

function oneTimeLink(
  random: () => number,
  status: number,
  query: string | undefined,
): SimulatedMirror {
  const bytesPerSecond = 10 ** (5.5 + 1.5 * random());
  const ratesAt: RateChange[] = [];
  let atMs = 0;
  for (let silence = 0; silence < 3; silence++) {
    const fromMs = atMs + 50 + 1500 * random();
    atMs = fromMs + 20 + 600 * random();
    ratesAt.push([fromMs, 0], [atMs, bytesPerSecond]);
  }
  return {
    bytesPerSecond,
    roundTripMs: 1 + 100 * random(),
    jitterMs: 30 * random(),
    ratesAt: random() < 0.7 ? ratesAt : [],
    query,
    gate: { inAll: 1, status },
  };
}

function bringTheFile(query: string | undefined, mostBytes: number, seeds: number): void {
  for (let seed = 1; seed <= seeds; seed++) {
    const random = mulberry32(seed);
    const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
    const status = pick(STATUSES);
    const { error } = simulate({
      links: Array.from({ length: pick([2, 3]) }, () => oneTimeLink(random, status, query)),
      size: Math.floor(300_000 + (mostBytes - 300_000) * random()),
      delay: "adaptive",
      maxConnectionsPerMirror: pick(CONNECTIONS),
      windowSize: 4_000_000,
      seed,
      limitSeconds: 120,
    });
    assertEquals(error, undefined, `seed ${seed}`);
  }
}

Deno.test("adaptive: several links that are good for one request each bring the file, though they fall silent", () => {
  bringTheFile("token=1", 3_300_000, 100);
});

Deno.test("adaptive: such links that look like any other bring a file of up to 1100 KiB", () => {
  bringTheFile(undefined, 1100 * 1024, 60);
});
