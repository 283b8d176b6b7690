/**
 * The scenarios of the lab as networks of the TCP model.
 *
 * @module
 */

import { type LabLink, MEGABIT, type Scenario } from "../../../netlab/scenarios.ts";
import type { RateChange } from "../rate_timeline.ts";
import type { Span, TcpMirror } from "./mirror.ts";

/** Links with TCP. */
export interface TcpNetwork {
  readonly links: readonly TcpMirror[];
  /** Rate of an access link that all share. @default none */
  readonly clientBytesPerSecond?: number;
}

/**
 * Returns the network of a scenario.
 *
 * @throws {RangeError} if it has a setting that the model does not know
 */
export function networkOf(scenario: Scenario): TcpNetwork {
  const { links, clientMbps } = scenario;
  return {
    links: links.map((link) => ({ ...linkOf(link), ...serverOf(scenario) })),
    ...(clientMbps !== undefined && { clientBytesPerSecond: clientMbps * MEGABIT }),
  };
}

function linkOf({ rate, rtt, settings = {}, at = [] }: LabLink): TcpMirror {
  const ratesAt: RateChange[] = [];
  const downAt: Span[] = [];
  for (const [seconds, setting] of at) {
    if (setting === "down") downAt.push([seconds, Infinity]);
    else if (setting === "up") downAt.push([downAt.pop()![0], seconds]);
    else ratesAt.push([seconds, Number(setting.slice("rate=".length)) * MEGABIT]);
  }
  let link: TcpMirror = { bytesPerSecond: rate * MEGABIT, roundTripMs: rtt, ratesAt, downAt };
  for (const [key, value] of Object.entries(settings)) {
    link = { ...link, ...settingOf(key, value, link) };
  }
  return link;
}

function settingOf(
  key: string,
  value: number | string,
  { bytesPerSecond }: TcpMirror,
): Partial<TcpMirror> {
  const number = parseFloat(`${value}`);
  switch (key) {
    case "loss":
      return { loss: number };
    case "burst":
      return { lossLength: number };
    case "jitter":
      return { packetJitterMs: number };
    case "queue":
      if (`${value}`.endsWith("ms")) return { queueBytes: bytesPerSecond * number / 1000 };
  }
  throw new RangeError(`The model does not know the setting ${key}=${value}`);
}

/** Returns what a scenario sets for all servers. */
function serverOf({ connectionMbps, nginx, mtu }: Scenario): Partial<TcpMirror> {
  const [, requests] = /^keepalive_requests (\d+);$/.exec(nginx ?? "") ?? [];
  if (nginx !== undefined && requests === undefined) {
    throw new RangeError(`The model does not know the directive ${nginx}`);
  }
  return {
    ...(connectionMbps !== undefined && { connectionBytesPerSecond: connectionMbps * MEGABIT }),
    ...(requests !== undefined && { requestsPerConnection: Number(requests) }),
    ...(mtu !== undefined && { mtu }),
  };
}
