/**
 * The named scenarios of the lab: links, and what the servers behind them do.
 *
 * @module
 */

import { EIGHT_LINKS } from "../support/simulator/mirror.ts";

/** A change of a link, in seconds after the client's first packet. */
export type Change = readonly [seconds: number, setting: `rate=${number}` | "down" | "up"];

/** A link from a mirror to the client. */
export interface LabLink {
  /** In Mbit/s, of whole IP packets. */
  readonly rate: number;
  /** Round trip in milliseconds. */
  readonly rtt: number;
  /** Other settings of the lab, by their names. */
  readonly settings?: Readonly<Record<string, number | string>>;
  readonly at?: readonly Change[];
}

/** A scenario. */
export interface Scenario {
  readonly title: string;
  readonly links: readonly LabLink[];
  /** Rate of an access link that all links share, in Mbit/s. @default none */
  readonly clientMbps?: number;
  /** Rate to which servers limit each connection, in Mbit/s. @default none */
  readonly connectionMbps?: number;
  /** More directives for nginx. @default none */
  readonly nginx?: string;
  /** The name of which the mirrors are addresses. @default each has an address only */
  readonly name?: string;
  /** Size of the largest packets in bytes. @default 1500 */
  readonly mtu?: number;
  /** Sizes that are measured unless the command line names one, in MB. @default [100] */
  readonly megabytes?: readonly number[];
}

type Settings = Omit<LabLink, "rate" | "rtt">;

function link(rate: number, rtt: number, rest: Settings = {}): LabLink {
  return { rate, rtt, ...rest };
}

/** The testbed of the thesis, with changes to its links: the fast, the middle and the slow one. */
function testbed(...changes: readonly Settings[]): LabLink[] {
  const shape = [[150, 10], [50, 30], [15, 100]] as const;
  return shape.map(([rate, rtt], index) => link(rate, rtt, changes[index]));
}

/** Every span `[from, to]` begins with one setting and ends with another. */
function during(
  begin: Change[1],
  end: Change[1],
  spans: readonly (readonly [from: number, to: number])[],
): Change[] {
  return spans.flatMap(([from, to]): Change[] => [[from, begin], [to, end]]);
}

const SECOND_OF_QUEUE = { settings: { queue: "1000ms" } };
const WIFI = { jitter: 20, loss: 0.002, burst: 5 };

/** The name of mirrors that are addresses of one. */
export const LAB_NAME = "mirrors.test";

/** All scenarios, in the order in which they are measured. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  testbed: {
    title: "150/50/15 Mbit/s, round trips of 10/30/100 ms",
    links: testbed(),
    megabytes: [100, 10, 1],
  },
  eight: {
    title: "eight mirrors of 58.8 to 2.07 Mbit/s, round trips of 10 to 300 ms",
    links: EIGHT_LINKS.map(([rate, rtt]) => link(rate, rtt)),
  },
  fiber: {
    title: "300/200/100 Mbit/s, round trips of 30/50/80 ms",
    links: [link(300, 30), link(200, 50), link(100, 80)],
    megabytes: [100, 400, 10, 1],
  },
  far: {
    title: "100/60/40 Mbit/s, round trips of 150/200/120 ms",
    links: [link(100, 150), link(60, 200), link(40, 120)],
  },
  lossy: {
    title: "the testbed with random losses of 0.5 % and 1 % on the first two links",
    links: testbed({ settings: { loss: 0.005 } }, { settings: { loss: 0.01 } }),
  },
  wifi: {
    title: "60/40/20 Mbit/s, 20/40/80 ms, jitter of 20 ms, losses of 0.2 % in runs of 5",
    links: [[60, 20], [40, 40], [20, 80]].map(([rate, rtt]) =>
      link(rate!, rtt!, { settings: WIFI })
    ),
  },
  bloat: {
    title: "the testbed with a second of queue in front of each link",
    links: testbed(SECOND_OF_QUEUE, SECOND_OF_QUEUE, SECOND_OF_QUEUE),
  },
  shared: {
    title: "three links of 100 Mbit/s, 20 ms, behind one access link of 100 Mbit/s",
    links: [link(100, 20), link(100, 20), link(100, 20)],
    clientMbps: 100,
  },
  drop: {
    title: "the testbed; the first link falls to 15 Mbit/s from second 2 to 5",
    links: testbed({ at: during("rate=15", "rate=150", [[2, 5]]) }),
  },
  dead: {
    title: "the testbed; the second link is silent from second 2 on",
    links: testbed({}, { at: [[2, "down"]] }),
  },
  flap: {
    title: "the testbed; the first link is silent for the last second of every three",
    links: testbed({
      at: during("down", "up", Array.from({ length: 40 }, (_, i) => [3 * i + 2, 3 * i + 3])),
    }),
  },
  addresses: {
    title: "a name with two addresses, each behind a link of 60 Mbit/s, 20 and 40 ms",
    links: [link(60, 20), link(60, 40)],
    name: LAB_NAME,
    megabytes: [50, 10],
  },
  sameLink: {
    title: "a name with two addresses, 20 ms, behind one link of 60 Mbit/s",
    links: [link(60, 20), link(60, 20)],
    clientMbps: 60,
    name: LAB_NAME,
    megabytes: [50],
  },
  closes: {
    title: "the testbed; servers close each connection after 100 requests",
    links: testbed(),
    nginx: "keepalive_requests 100;",
  },
  lone: {
    title: "one link of 100 Mbit/s, 40 ms",
    links: [link(100, 40)],
    megabytes: [50, 1],
  },
  limited: {
    title: "one link of 100 Mbit/s, 20 ms; the server limits each connection to 10 Mbit/s",
    links: [link(100, 20)],
    connectionMbps: 10,
    megabytes: [50],
  },
  gigabit: {
    title: "one link of 1 Gbit/s, 5 ms, with packets of 9000 bytes",
    links: [link(1000, 5)],
    mtu: 9000,
    megabytes: [400],
  },
};

/** Returns the arguments of the lab for a scenario. */
export function labArguments(scenario: Scenario): string[] {
  const { links, clientMbps, connectionMbps, nginx, name, mtu } = scenario;
  const directives = [
    ...(nginx === undefined ? [] : [nginx]),
    ...(connectionMbps === undefined ? [] : [`limit_rate ${connectionMbps * MEGABIT};`]),
  ];
  return [
    ...links.flatMap(({ rate, rtt, settings, at = [] }) => {
      const pairs = Object.entries({ rate, rtt, ...settings }).map(([key, value]) =>
        `${key}=${value}`
      );
      const changes = at.map(([seconds, setting]) => `at=${seconds}:${setting}`);
      return ["--link", [...pairs, ...changes].join(",")];
    }),
    ...(clientMbps === undefined ? [] : ["--client-mbps", String(clientMbps)]),
    ...(directives.length === 0 ? [] : ["--nginx", directives.join(" ")]),
    ...(name === undefined ? [] : ["--name", name]),
    ...(mtu === undefined ? [] : ["--mtu", String(mtu)]),
  ];
}

/** Bytes per second. */
export const MEGABIT = 125_000;
