import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { LabStatistics } from "../run_in_lab.ts";
import { isTrusted, type Trust, trustOf, trustText } from "./trust.ts";

const GOOD: Trust = { late: 0.005, deviceDrops: 0, others: 0.1, stolen: 0.01 };
const STATISTICS: LabStatistics = {
  links: [],
  start_ns: 0,
  first_syn_ns: 0,
  end_ns: 0,
  active_s: 4,
  lag_ms: { mean: 0.1, max: 3, over_1: 0.02 },
  device_drops: 1,
  cpu_s: { lab: 1, servers: 0.5, command: 2 },
  exit: 0,
};

Deno.test("isTrusted() wants packets in time, and processors", () => {
  assertEquals(isTrusted(GOOD), true);
  for (const [key, value] of Object.entries({ late: 0.02, deviceDrops: 1, others: 1, stolen: 1 })) {
    assertEquals(isTrusted({ ...GOOD, [key]: value }), false, key);
  }
});

Deno.test("trustOf(): what nobody known used was used by others", () => {
  const trust = trustOf({
    statistics: STATISTICS,
    processors: { idle: 0.25, stolen: 0.05 },
    ownCpuSeconds: 0.5,
    seconds: 5,
    cpus: 2,
  });
  assertEquals([trust.late, trust.deviceDrops, trust.stolen], [0.02, 1, 0.05]);
  assertAlmostEquals(trust.others, 1 - 0.25 - 0.05 - 0.4);
});

Deno.test("trustText() describes the worst of all runs", () => {
  assertEquals(
    trustText([GOOD, { ...GOOD, late: 0.02 }, { ...GOOD, deviceDrops: 3, others: 0.5 }]),
    "lab: at most 2.0 % of the packets over 1 ms late, 3 dropped by devices; " +
      "at most 50.0 % of the processors taken by other programs, 1.0 % by the host",
  );
});
