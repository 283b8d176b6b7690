import { assert, assertAlmostEquals } from "@std/assert";
import { DuplicateRequestAlgorithm, duplicateRequests } from "../../lib/policy/duplicate.ts";
import { type Analysis, analyze } from "../../lib/trace/analysis.ts";
import { delayRequestOf } from "../support/simulator/algorithms.ts";
import { EIGHT_MIRRORS, type SimulatedMirror, TESTBED } from "../support/simulator/mirror.ts";
import { simulate } from "../support/simulator/simulator.ts";

/** Two results closer than this are equal. */
const NOISE = 1.15;

function measure(
  links: readonly SimulatedMirror[],
  delay: string,
  duplicate: DuplicateRequestAlgorithm,
): Analysis {
  const { events } = simulate({
    links,
    size: 200_000_000,
    delay: delayRequestOf(delay, links),
    duplicate: duplicateRequests[duplicate],
  });
  return analyze(events);
}

for (const [name, links] of Object.entries({ TESTBED, EIGHT_MIRRORS })) {
  for (const duplicate of Object.values(DuplicateRequestAlgorithm)) {
    let known: Record<"normal" | "late" | "diff" | "fixed", Analysis> | undefined;
    const results = () =>
      known ??= {
        normal: measure(links, "normal", duplicate),
        late: measure(links, "diff without initial delay", duplicate),
        diff: measure(links, "diff", duplicate),
        fixed: measure(links, "static", duplicate),
      };

    Deno.test(`initial buffering on ${name} with ${duplicate} is ordered as in the thesis`, () => {
      const { normal, late, diff, fixed } = results();
      const [first, second, third, fourth] = [normal, late, diff, fixed].map((analysis) =>
        analysis.initialBufferingMs
      );
      const all = `${first} ${second} ${third} ${fourth}`;
      assert(first! * NOISE >= second!, all);
      assert(second! > NOISE * third!, all);
      assert(third! * NOISE >= fourth!, all);
    });

    Deno.test(`invalid blocks on ${name} with ${duplicate} are ordered as in the thesis`, () => {
      const { normal, late, diff, fixed } = results();
      const [first, second, third, fourth] = [normal, late, diff, fixed].map((analysis) =>
        analysis.invalidBlocks.mean
      );
      const all = `${first} ${second} ${third} ${fourth}`;
      assert(first! > NOISE * second! && first! > NOISE * third!, all);
      assert(second! * NOISE >= fourth! && third! * NOISE >= fourth!, all);
    });
  }
}

Deno.test("initial buffering on the testbed is what the thesis measured", () => {
  const thesis = { normal: 0.68, "diff without initial delay": 0.68, diff: 0.27, static: 0.23 };
  for (const [delay, seconds] of Object.entries(thesis)) {
    const { initialBufferingMs } = measure(TESTBED, delay, "nibib");
    assertAlmostEquals(initialBufferingMs / 1000, seconds, 0.2 * seconds, delay);
  }
});
