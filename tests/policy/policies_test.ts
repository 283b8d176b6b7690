import { assert, assertEquals } from "@std/assert";
import { AdaptivePolicy } from "../../lib/policy/adaptive.ts";
import {
  type ClassicAlgorithm,
  DelayRequestAlgorithm,
  delayRequests,
} from "../../lib/policy/delay.ts";
import type { Plan } from "../../lib/scheduler/view.ts";
import { ClassicPolicy } from "../../lib/policy/classic.ts";
import { DownloadState } from "../../lib/scheduler/state.ts";
import { policyOf, type PolicySettings } from "../../lib/policy/policies.ts";

const URLS = ["http://one.test/", "http://two.test/"];

const SETTINGS: PolicySettings = {
  initialDelay: true,
  initialDelayCoefficient: 10,
  staticDelays: new Map([[URLS[0]!, 4]]),
  duplicate: () => false,
  invalidBlockThreshold: 20,
  splitSize: 10,
  maxBlocksPerRequest: 1,
};

/** A download of 300 bytes from two mirrors that serve ranges. */
function download(): DownloadState {
  const scene = new DownloadState({
    urls: URLS,
    start: 0,
    end: 300,
    splitSize: 10,
    windowSize: 1000,
    maxConnectionsPerMirror: 2,
    maxRate: Infinity,
  });
  for (const mirror of scene.mirrors) mirror.serve("ranges");
  return scene;
}

/** Returns the block that is requested first. */
function firstBlock(plan: Plan | undefined): number | undefined {
  return plan?.type === "ask" ? plan.range.start / 10 : undefined;
}

Deno.test("policyOf(): each name has its policy, and each download one of its own", () => {
  for (const name of Object.values(DelayRequestAlgorithm)) {
    const make = policyOf(name, SETTINGS);
    const [one, other] = [make(), make()];
    assert(one instanceof (name === "adaptive" ? AdaptivePolicy : ClassicPolicy), name);
    assert(one !== other, name);
  }
});

Deno.test("policyOf(): a classic policy requests the block that its algorithm chooses", () => {
  for (const name of Object.keys(delayRequests) as ClassicAlgorithm[]) {
    const scene = download();
    const [mirror] = scene.mirrors;
    const view = { mirror: mirror!, mirrors: scene.mirrors, closed: 0, received: 0, left: 30 };
    const expected = Math.floor(delayRequests[name](SETTINGS)(view));
    assertEquals(firstBlock(policyOf(name, SETTINGS)().next(scene, 0)), expected, name);
  }
  assertEquals(firstBlock(policyOf("static", SETTINGS)().next(download(), 0)), 4);
});

Deno.test("policyOf(): a caller's own function chooses, and is set up like the rest", () => {
  assertEquals(firstBlock(policyOf(() => 7, SETTINGS)().next(download(), 0)), 7);
  const wide = policyOf(() => 7, { ...SETTINGS, splitSize: 20 })();
  assertEquals(wide.next(download(), 0), { type: "resize", unitSize: 20 });
});

Deno.test("policyOf(): adaptive requests more than a block at once", () => {
  const plan = policyOf("adaptive", SETTINGS)().next(download(), 0);
  assertEquals(plan, { type: "ask", mirror: 0, range: { start: 0, end: 300 }, reason: "front" });
});
