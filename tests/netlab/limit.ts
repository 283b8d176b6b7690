/**
 * The limit of a scenario: the earliest that a file can have arrived if every link carries full packets
 * at its rate from its second round trip on (handshake, request), and the shared access link their sum.
 * Losses and queues cost nothing here. Pure.
 *
 * @module
 */

import type { Point } from "../bench/arrival_log.ts";
import { limitCurve } from "../bench/link_limit.ts";
import type { ShapedLink } from "../bench/link_sets.ts";
import { type LabLink, MEGABIT, type Scenario } from "./scenarios.ts";

/** Bytes of each packet that are headers: IP, TCP, and TCP's timestamps. */
const HEADER_BYTES = 52;
/** With how many connections a server that limits each of them is at its limit. */
export const CONNECTIONS = 8;

/** Returns the corners of the line of delivered bytes over time, from 0 to `size`. */
export function scenarioLimit(scenario: Scenario, size: number): Point[] {
  const { links, mtu = 1500, clientMbps = Infinity, connectionMbps = Infinity } = scenario;
  const payload = MEGABIT * (mtu - HEADER_BYTES) / mtu;
  const most = connectionMbps * MEGABIT * CONNECTIONS;
  const shaped = links.map((link): ShapedLink => ({
    bytesPerSecond: Math.min(link.rate * payload, most),
    roundTripMs: link.rtt,
    ratesAt: ratesOf(link).map(([seconds, mbps]) => [seconds, mbps * payload]),
  }));
  return limitCurve(shaped, size, clientMbps * payload);
}

/** Returns the rates that a link changes to, in Mbit/s. */
function ratesOf({ rate, at = [] }: LabLink): [seconds: number, mbps: number][] {
  let [current, isUp] = [rate, true];
  return at.map(([seconds, setting]) => {
    if (setting === "up" || setting === "down") isUp = setting === "up";
    else current = Number(setting.slice("rate=".length));
    return [seconds, isUp ? current : 0];
  });
}
