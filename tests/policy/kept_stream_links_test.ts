/** Links that are good for one request, in random networks whose links are silent now and then. */

import { assertEquals } from "@std/assert";
import { mulberry32 } from "../support/random.ts";
import type { SimulatedMirror } from "../support/simulator/mirror.ts";
import type { RateChange } from "../support/simulator/rate_timeline.ts";
import { simulate } from "../support/simulator/simulator.ts";

const STATUSES = [403, 404, 410, 429, 503] as const;
const CONNECTIONS = [3, 4, 8, "auto"] as const;

function oneTimeLink(random: () => number, status: number): SimulatedMirror {
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
    query: "token=1",
    gate: { inAll: 1, status },
  };
}

Deno.test("adaptive: several links that are good for one request each bring the file, though they fall silent", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = mulberry32(seed);
    const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
    const status = pick(STATUSES);
    const { error } = simulate({
      links: Array.from({ length: pick([2, 3]) }, () => oneTimeLink(random, status)),
      size: Math.floor(300_000 + 3e6 * random()),
      delay: "adaptive",
      maxConnectionsPerMirror: pick(CONNECTIONS),
      windowSize: 4_000_000,
      seed,
      limitSeconds: 120,
    });
    assertEquals(error, undefined, `seed ${seed}`);
  }
});
