import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { NoMirrorLeftError } from "../../../mod.ts";
import type { GateOptions } from "../../support/simulator/gate.ts";
import { inspector } from "../../support/simulator/invariants.ts";
import { megabits } from "../../support/simulator/mirror.ts";
import type { Simulation } from "../../support/simulator/simulation.ts";
import { simulate } from "../../support/simulator/simulator.ts";
import { RETRY } from "../../support/scheduler/scheduler_options.ts";

const SIZE = 8_000_000;
const WINDOW = 16_000_000;
/** 1.4 MB/s at a distance of 20 ms: the file takes 5.7 s. */
const [LINK] = megabits([[11.2, 20]]);

/** Runs a download from mirrors that refuse requests, with a time for retries. */
function run(
  mirrors: readonly (GateOptions & { resets?: number })[],
  maxTimeMs: number,
  status = 429,
): Simulation {
  return simulate({
    links: mirrors.map(({ resets, ...gate }) => ({
      ...LINK!,
      ...(resets === undefined ? {} : { resetAfterBytes: resets }),
      gate: { ...gate, status },
    })),
    size: SIZE,
    windowSize: WINDOW,
    retry: { ...RETRY, maxTimeMs },
    delay: "adaptive",
    inspect: inspector(WINDOW, 2),
  });
}

for (const status of [420, 429, 503, 509]) {
  Deno.test(`retry.maxTimeMs bounds the wait for a limit that never ends: ${status}`, () => {
    for (const count of [1, 3]) {
      for (const maxTimeMs of [500, 3000, 20_000]) {
        // Each delivers a part of the file, and refuses all else from then on.
        const mirrors = Array.from({ length: count }, () => ({ inAll: 2, resets: 300_000 }));
        const { error, seconds, scheduler } = run(mirrors, maxTimeMs, status);
        const told = `${count} mirrors, ${maxTimeMs} ms: ${error} after ${seconds} s`;
        const failures = error instanceof NoMirrorLeftError ? error.cause : [];
        assertEquals(failures.map((failure) => failure.status), Array(count).fill(status), told);
        // A request that begins before that may end later.
        assert(seconds <= maxTimeMs / 1000 + 0.5, told);
        assert(scheduler.ledger.receivedBytes > 0, told);
      }
    }
  });
}

Deno.test("retry.maxTimeMs ends no wait for a limit while another mirror, or another request, delivers", () => {
  const beside = run([{ inAll: 2, resets: 300_000 }, {}], 500);
  assertEquals([beside.error, beside.scheduler.ledger.complete], [undefined, true]);
  const alone = run([{ mostAtOnce: 1 }], 500);
  assertEquals([alone.error, alone.scheduler.ledger.complete], [undefined, true]);
});

Deno.test("without retry.maxTimeMs a limit by the minute is waited for", () => {
  const mirrors = [{ perMinute: 3, resets: 1_500_000 }];
  const { error, seconds } = run(mirrors, Infinity);
  assertEquals(error, undefined);
  assert(seconds > 60, `${seconds} s`);
  const bounded = run(mirrors, 30_000);
  assertInstanceOf(bounded.error, NoMirrorLeftError);
  assert(bounded.seconds <= 30.5, `${bounded.seconds} s`);
});
