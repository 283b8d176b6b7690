import { assert, assertEquals } from "@std/assert";
import { NO_LANDMARKS } from "../../lib/scheduler/identity/pieces.ts";
import type { SimulatedMirror } from "../support/simulator/mirror.ts";
import { oracle } from "../support/simulator/oracle.ts";
import { simulateStrictly } from "../support/simulator/invariants.ts";
import type { Simulation, SimulationOptions } from "../support/simulator/simulation.ts";

/** A link of 100 Mbit/s whose server takes its time before each answer. */
function thinking(thinkMs: number, facts: Partial<SimulatedMirror> = {}): SimulatedMirror {
  return { bytesPerSecond: 12_500_000, roundTripMs: 10, thinkMs, ...facts };
}

/** Runs the adaptive algorithm, without comparisons of the mirrors; returns the time in multiples of the oracle's, too. */
function run(
  facts: Omit<SimulationOptions, "size"> & { readonly size?: number },
): Simulation & { readonly times: number } {
  const fixed = { slowStart: true, delay: "adaptive", landmarks: NO_LANDMARKS } as const;
  const options = { size: 7_600_000, ...fixed, ...facts };
  const { maxConnectionsPerMirror = 2 } = options;
  const most = maxConnectionsPerMirror === "auto" ? 16 : maxConnectionsPerMirror;
  const outcome = simulateStrictly(options, most);
  return { ...outcome, times: outcome.seconds / oracle(options).seconds };
}

Deno.test("adaptive: a lone mirror that thinks is asked once, however many connections it may have", () => {
  for (const thinkMs of [100, 500, 1000]) {
    for (const maxConnectionsPerMirror of [1, 2, 3, 5, "auto"] as const) {
      const links = [thinking(thinkMs)];
      const { times, requestsSent } = run({ links, maxConnectionsPerMirror });
      const what = `${thinkMs} ms, ${maxConnectionsPerMirror} connections`;
      assert(times < 1.15, `${what}: ${times} times the oracle's time`);
      if (thinkMs >= 500) assertEquals(requestsSent, 1, what);
    }
  }
});

Deno.test("adaptive: beside a stream, other connections are asked behind what it delivers meanwhile", () => {
  const links = [thinking(1000)];
  const { times, longestStallSeconds } = run({
    links,
    size: 40_000_000,
    maxConnectionsPerMirror: 5,
  });
  assert(times < 1.1, `${times}`);
  assert(longestStallSeconds < 0.3, `${longestStallSeconds} s`);
});

Deno.test("adaptive: ranges of mirrors that think grow at once where bytes came fast", () => {
  for (const thinkMs of [500, 1000]) {
    const two = run({ links: [thinking(thinkMs), thinking(thinkMs)] });
    // The sample, a short range, a longer one, and the rest: each takes an answer's time.
    const seconds = 3.5 * thinkMs / 1000 + 0.2;
    assert(two.seconds < seconds, `${thinkMs} ms: ${two.seconds} s`);
    assert(two.requestsSent <= 12, `${two.requestsSent} requests`);
    const fast = run({ links: [thinking(thinkMs, { bytesPerSecond: 76e6 }), thinking(thinkMs)] });
    assert(fast.seconds < seconds, `${thinkMs} ms: ${fast.seconds} s`);
  }
});

Deno.test("adaptive: a mirror that thinks is no burden to one that does not", () => {
  const fast = thinking(0);
  for (const size of [7_600_000, 40_000_000, 200_000_000]) {
    const alone = run({ links: [fast], size });
    for (const thinkMs of [200, 500, 1000]) {
      const both = run({ links: [fast, thinking(thinkMs)], size });
      assert(both.seconds < 1.02 * alone.seconds, `${size}, ${thinkMs} ms: ${both.seconds} s`);
      // Where there is time for it, it helps.
      if (size > 1e8) assert(both.seconds < 0.8 * alone.seconds, `${thinkMs} ms: ${both.seconds}`);
    }
  }
});
