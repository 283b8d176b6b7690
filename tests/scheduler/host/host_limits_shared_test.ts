import { assert, assertEquals } from "@std/assert";
import type { Proof } from "../../../lib/scheduler/messages.ts";
import { mulberry32 } from "../../support/random.ts";
import { assertAwake } from "../../support/simulator/invariants.ts";
import { SharedHost, type SharedHostOptions } from "../../support/scheduler/shared_host.ts";

function pick<Item>(random: () => number, ...items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)]!;
}

function randomHost(seed: number): SharedHostOptions {
  const random = mulberry32(seed);
  return {
    downloads: 1 + Math.floor(random() * 6),
    size: pick(random, 100_000, 1_500_000),
    hosts: pick(random, 1, 1, 2),
    most: pick(random, 1, 1, 2, 3),
    bytesPerMs: pick(random, 200, 1000),
    breaks: pick(random, 0, 0.01, 0.1),
    breaksUntil: pick(random, 1000, 10_000),
    status: pick(random, 403, 429, 503),
    lingerMs: pick(random, 0, 50),
    proof: pick<Proof>(random, "validators", "hints", "pieces"),
    random,
    scheduler: { maxConnectionsPerMirror: pick<number | "auto">(random, 1, 2, 4, "auto") },
  };
}

/** Every byte at the rate of the requests that the host serves, a few times over, and pauses. */
function longestMs({ downloads, size, most, bytesPerMs }: SharedHostOptions): number {
  return 3 * downloads * size / bytesPerMs / Math.min(most, downloads) + 20_000;
}

Deno.test("downloads that share hosts which serve few requests at once all come to an end", () => {
  for (let seed = 0; seed < 300; seed++) {
    const options = randomHost(seed);
    const host = new SharedHost({ ...options, inspect: assertAwake });
    for (const outcome of host.run()) {
      const { at, error } = outcome ?? { at: Infinity };
      assertEquals(error, undefined, `seed ${seed}`);
      assert(at < longestMs(options), `seed ${seed}: ${at} ms`);
    }
  }
});

Deno.test("downloads whose hosts refuse all but a few requests for good end, too, one way or the other", () => {
  for (let seed = 0; seed < 200; seed++) {
    const status = seed % 2 === 0 ? 404 : 410;
    const options = { ...randomHost(seed), status };
    const outcomes = new SharedHost({ ...options, inspect: assertAwake }).run();
    for (const outcome of outcomes) {
      const { at } = outcome ?? { at: Infinity };
      assert(at < longestMs(options), `status ${status}, seed ${seed}: ${at} ms`);
    }
  }
});
