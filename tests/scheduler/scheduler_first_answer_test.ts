/** Where the first answer is delivered at once: when the first byte comes, and what may follow. */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { MirrorMismatchError } from "../../lib/errors.ts";
import type { SimulatedMirror } from "../support/simulator/mirror.ts";
import type { Simulation } from "../support/simulator/simulation.ts";
import { simulate } from "../support/simulator/simulator.ts";

/** Each takes a round trip for the connection, and one for the request. */
const NEAR: SimulatedMirror = { bytesPerSecond: 10e6, roundTripMs: 20 };
const FAR: SimulatedMirror = { ...NEAR, roundTripMs: 80 };
function run(
  links: readonly SimulatedMirror[],
  deliverAfter?: "agreement" | "first-answer",
): Simulation {
  return simulate({
    links,
    size: 20e6,
    delay: "adaptive",
    maxConnectionsPerMirror: 8,
    deliverAfter,
  });
}

/** Returns the mirrors that were dropped, as their messages name them. */
function dropped({ events }: Simulation): string[] {
  return events.flatMap((event) =>
    event.type === "mirror" && event.state === "dropped" ? [`${event.mirror} ${event.message}`] : []
  );
}

Deno.test("Scheduler: after the first answer, the first byte comes after a round trip of the nearest mirror", () => {
  const links = [FAR, NEAR];
  // The sample of the first mirror is the beginning of a long response, read by chunks of 1 ms.
  assertEquals(run(links).firstByteSeconds, 0.162);
  // The sample of 12 KiB takes 1.2 ms.
  const { firstByteSeconds, error } = run(links, "first-answer");
  assertEquals([firstByteSeconds >= 0.04, error], [true, undefined]);
  assert(firstByteSeconds < 0.043, `${firstByteSeconds}`);
});

Deno.test("Scheduler: a majority is delivered as soon as it is one, whatever others say later", () => {
  const { firstByteSeconds } = run([{ ...FAR, roundTripMs: 1000 }, NEAR, FAR]);
  assert(firstByteSeconds >= 0.16 && firstByteSeconds < 0.163, `${firstByteSeconds}`);
});

Deno.test("Scheduler: after the first answer, a mirror with another file is dropped, and none of it is used", () => {
  const outcome = run([{ ...FAR, size: 19e6 }, NEAR], "first-answer");
  assertEquals(outcome.error, undefined);
  assertEquals(outcome.usedBytesByMirror, [0, 20e6]);
  const [message] = dropped(outcome);
  assert(message!.includes("while the mirror that answered first has 20000000"), message);
});

Deno.test("Scheduler: after the first answer, a majority for another file is an error, not a splice", () => {
  const other = { ...FAR, size: 19e6 };
  const { error, usedBytesByMirror: [one, first, another] } = run(
    [other, NEAR, other],
    "first-answer",
  );
  assertInstanceOf(error, MirrorMismatchError);
  assert(first! > 0);
  assertEquals([one, another], [0, 0]);
});
