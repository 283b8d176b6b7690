import { assert, assertEquals } from "@std/assert";
import type { SimulatedMirror } from "../../support/simulator/mirror.ts";
import { megabits } from "../../support/simulator/mirror.ts";
import { simulateStrictly } from "../../support/simulator/invariants.ts";
import type { Simulation } from "../../support/simulator/simulation.ts";
import type { GateOptions } from "../../support/simulator/gate.ts";

const SIZE = 8_000_000;

/** 1.4 MB/s at a distance of 20 ms, and a good mirror of the same kind. */
const [LIMITED, GOOD] = megabits([[11.2, 20], [11.2, 20]]) as [SimulatedMirror, SimulatedMirror];

const STATUSES = [400, 401, 403, 404, 407, 410, 416, 420, 423, 429, 451, 500, 502, 503, 509, 529];

function run(
  gate: GateOptions & { status?: number; hangs?: boolean },
  setting: { beside?: boolean; connections?: number | "auto" } = {},
): Simulation {
  const { beside = false, connections = 2 } = setting;
  const links = [{ ...LIMITED, gate }, ...(beside ? [GOOD] : [])];
  const most = connections === "auto" ? 16 : connections;
  return simulateStrictly({
    links,
    size: SIZE,
    delay: "adaptive",
    maxConnectionsPerMirror: connections,
    limitSeconds: 600,
  }, most);
}

const ALONE = SIZE / LIMITED.bytesPerSecond;

for (const status of STATUSES) {
  Deno.test(`a server that takes two requests at once (${status}) serves at its speed`, () => {
    for (const connections of [2, 4, 8, "auto"] as const) {
      const { seconds, requestsRefused, scheduler } = run({ mostAtOnce: 2, status }, {
        connections,
      });
      const told = `${connections}: ${seconds} s, ${requestsRefused} refused`;
      assert(seconds < 1.3 * ALONE, told);
      assert(requestsRefused < 8, told);
      assertEquals(scheduler.mirrors[0]!.totalFailures, 0, told);
    }
  });

  Deno.test(`a server that takes one request at once (${status}) serves at its speed`, () => {
    for (const connections of [2, 4, 8] as const) {
      const { seconds, requestsRefused, scheduler } = run({ mostAtOnce: 1, status }, {
        connections,
      });
      const told = `${connections}: ${seconds} s, ${requestsRefused} refused`;
      assert(seconds < 1.5 * ALONE, told);
      assert(requestsRefused < 8, told);
      assertEquals(scheduler.mirrors[0]!.totalFailures, 0, told);
    }
  });

  Deno.test(`a server that takes five requests a second (${status}) is asked seldom`, () => {
    for (const connections of [1, 2, 4] as const) {
      for (const beside of [false, true]) {
        const gate = { perSecond: 5, burst: 2, status };
        const { seconds, requestsSent, requestsRefused } = run(gate, { connections, beside });
        const told =
          `${connections}: ${seconds} s, ${requestsSent} requests, ${requestsRefused} refused`;
        assert(seconds < (beside ? 1 : 1.5) * ALONE, told);
        if (!beside) assert(requestsSent < 30, told);
        assert(requestsRefused < 10, told);
      }
    }
  });
}

Deno.test("a server that counts requests by the minute is waited for, alone", () => {
  for (const status of [429, 503]) {
    const { seconds, requestsRefused } = run({ perMinute: 6, status }, { connections: 4 });
    assert(seconds < 200 && requestsRefused < 40, `${seconds} s, ${requestsRefused} refused`);
  }
});

Deno.test("a server that lets further requests wait without an answer serves at its speed", () => {
  for (const mostAtOnce of [1, 2, 3]) {
    for (const connections of [4, 8, "auto"] as const) {
      const { seconds, requestsSent, scheduler } = run({ mostAtOnce, hangs: true }, {
        connections,
      });
      const told = `${mostAtOnce} of ${connections}: ${seconds} s, ${requestsSent} requests`;
      assert(seconds < ALONE + 3, told);
      assertEquals(scheduler.mirrors[0]!.totalFailures, 0, told);
    }
  }
});

Deno.test("a server that has a budget of eight requests is no loss beside a good one", () => {
  for (const status of STATUSES) {
    for (const connections of [1, 2, 4]) {
      const { seconds, requestsRefused } = run({ inAll: 8, status }, { connections, beside: true });
      assert(seconds < 1.1 * ALONE, `${status}: ${seconds} s`);
      assert(requestsRefused < 12, `${status}: ${requestsRefused} refused`);
    }
  }
});

Deno.test("a server that has a budget of a few requests in all gives the file, alone and asked by several lanes", () => {
  const problems: string[] = [];
  for (const status of [410, 429]) {
    for (const inAll of [1, 2, 3, 4]) {
      for (const connections of [4, 8, "auto"] as const) {
        const name = `${status}, ${inAll} requests, ${connections} connections`;
        try {
          const { seconds, requestsRefused } = run({ inAll, status }, { connections });
          const told = `${name}: ${seconds} s, ${requestsRefused} refused`;
          if (seconds > 1.5 * ALONE || requestsRefused > 10) problems.push(told);
        } catch (error) {
          problems.push(`${name}: ${error}`);
        }
      }
    }
  }
  assertEquals(problems, []);
});
