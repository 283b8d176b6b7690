import { assert, assertEquals } from "@std/assert";
import type { Scheduler } from "../../lib/scheduler/scheduler.ts";
import { megabits, TESTBED } from "../support/simulator/mirror.ts";
import type { RateChange } from "../support/simulator/rate_timeline.ts";
import type { Simulation, SimulationOptions } from "../support/simulator/simulation.ts";
import { simulate } from "../support/simulator/simulator.ts";
import { simulateTcp } from "../support/simulator/tcp/simulation.ts";

const MB = 1_000_000;

const CAPACITY = TESTBED.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);

/** The defaults of a downloader. */
const OPTIONS = {
  delay: "adaptive",
  maxConnectionsPerMirror: 8,
  windowSize: 32 * 1024 * 1024,
  mostWindowSize: 128 * 1024 * 1024,
} as const;

interface Outcome extends Simulation {
  /** Lowest and highest rate of each mirror, as a part of its link's, while the consumer was slow. */
  readonly rates: readonly (readonly [number, number])[];
  /** Lanes of each mirror when it was fast again. */
  readonly lanes: readonly number[];
  /** Rate from then on, as a part of all links'. */
  readonly laterRate: number;
}

/** Downloads for a consumer that is slow from 3 s on until `until`, in seconds. */
function consumed(
  consumerRatesAt: readonly RateChange[],
  until: number,
  options: Partial<SimulationOptions> & {
    readonly run?: typeof simulate | typeof simulateTcp;
  } = {},
): Outcome {
  const { run = simulate, links = TESTBED, size = 400 * MB } = options;
  const rates = links.map((): [number, number] => [Infinity, 0]);
  let lanes: number[] | undefined;
  let [receivedThen, then] = [0, 0];
  const inspect = ({ mirrors, ledger }: Scheduler, now: number) => {
    if (now > 3000 && now < 1000 * until) {
      for (const [index, { link }] of mirrors.entries()) {
        const rate = link.bytesPerSecond(now) / links[index]!.bytesPerSecond;
        rates[index] = [Math.min(rate, rates[index]![0]), Math.max(rate, rates[index]![1])];
      }
    }
    if (now < 1000 * until || lanes !== undefined) return;
    lanes = mirrors.map((mirror) => mirror.lanes);
    [receivedThen, then] = [ledger.receivedBytes, now / 1000];
  };
  const outcome = run({
    ...OPTIONS,
    ...options,
    links,
    size,
    slowStart: true,
    consumerRatesAt,
    inspect,
  });
  assertEquals(outcome.error, undefined);
  const laterRate = (size - receivedThen) / (outcome.seconds - then) / CAPACITY;
  return { ...outcome, rates, lanes: lanes!, laterRate };
}

const CONSUMERS: Readonly<Record<string, readonly [readonly RateChange[], until: number]>> = {
  "pauses for half a second": [[[3, 0], [3.5, Infinity]], 3.5],
  "pauses for half a minute": [[[3, 0], [33, Infinity]], 33],
  "takes a tenth of what could come": [[[3, CAPACITY / 10], [33, Infinity]], 33],
  "takes a fifth in bursts": [
    [...Array(10).keys()].flatMap((turn): RateChange[] => [
      [3 + 3 * turn, 0],
      [3 + 3 * turn + 2.5, 1.2 * CAPACITY],
    ]).concat([[33, Infinity]]),
    33,
  ],
};

for (const [name, [ratesAt, until]] of Object.entries(CONSUMERS)) {
  Deno.test(`adaptive: a consumer that ${name} makes no mirror look slow`, () => {
    const { rates, scheduler, seconds, cancels, duplicateBytes, laterRate } = consumed(
      ratesAt,
      until,
    );
    for (const [least, most] of rates) assert(least > 0.9 && most < 1.1, `${rates}`);
    for (const [index, { link, totalFailures }] of scheduler.mirrors.entries()) {
      const { bytesPerSecond } = link.summary(1000 * seconds)!;
      const learned = bytesPerSecond / TESTBED[index]!.bytesPerSecond;
      assert(Math.abs(learned - 1) < 0.1, `mirror ${index} is said to have ${learned} of its rate`);
      assertEquals(totalFailures, 0);
    }
    const reasons = cancels.map(({ reason }) => reason).filter((reason) => reason !== "end");
    assertEquals(reasons, []);
    assert(duplicateBytes < 0.4 * MB, `${duplicateBytes} bytes came twice`);
    assert(laterRate > 0.97, `then ${laterRate} of the rate`);
  });
}

Deno.test("adaptive: the lanes that a link needs are not given up for a slow consumer", () => {
  const links = megabits([[40, 30], [20, 60]]);
  const windowSize = 8 * 1024 * 1024;
  const options = { run: simulateTcp, links, size: 60 * MB, windowSize };
  const slow = consumed([[3, 750_000], [33, Infinity]], 33, options);
  const fast = consumed([], 3, options);
  assertEquals(slow.lanes, fast.lanes);
});
