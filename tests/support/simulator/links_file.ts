/**
 * Networks of one's own, from JSON: `{"size": BYTES, "links": [{"bytesPerSecond": …, "roundTripMs": …}, …]}`.
 *
 * @module
 */

import { record, whole } from "../../../lib/checks.ts";
import type { SimulatedMirror } from "./mirror.ts";
import type { NamedNetwork } from "./networks.ts";

/** Numbers of a link, and the least of each; the first two have to be given. */
const NUMBERS = {
  bytesPerSecond: 1,
  roundTripMs: 0,
  connectionBytesPerSecond: 1,
  thinkMs: 0,
  jitterMs: 0,
  silentFromMs: 0,
  resetAfterBytes: 1,
} as const satisfies Partial<Record<keyof SimulatedMirror, number>>;

const REQUIRED: readonly string[] = ["bytesPerSecond", "roundTripMs"];

/**
 * Parses a network; it has slow start, and no bounds.
 *
 * @throws {SyntaxError | TypeError | RangeError} the text is not one
 */
export function readLinks(name: string, text: string): NamedNetwork {
  const { size, links, clientBytesPerSecond, ...others } = record(name, JSON.parse(text));
  refuseUnknown(name, Object.keys(others), ["size", "links", "clientBytesPerSecond"]);
  if (!Array.isArray(links) || links.length === 0) throw new TypeError(`${name}: it has no links`);
  return {
    name,
    size: whole("size", size, 1),
    links: links.map((link, index) => readLink(`links[${index}]`, link)),
    slowStart: true,
    ...clientBytesPerSecond === undefined
      ? {}
      : { clientBytesPerSecond: whole("clientBytesPerSecond", clientBytesPerSecond, 1) },
    bounds: {},
  };
}

function readLink(name: string, value: unknown): SimulatedMirror {
  const { ratesAt, ...numbers } = record(name, value);
  refuseUnknown(
    name,
    Object.keys(numbers).filter((key) => !(key in NUMBERS)),
    [...Object.keys(NUMBERS), "ratesAt"],
  );
  const facts: Record<string, number> = {};
  for (const [key, least] of Object.entries(NUMBERS)) {
    if (numbers[key] === undefined && !REQUIRED.includes(key)) continue;
    facts[key] = whole(`${name}.${key}`, numbers[key], least);
  }
  const rates = ratesAt === undefined ? {} : { ratesAt: readRates(`${name}.ratesAt`, ratesAt) };
  return { ...facts, ...rates } as unknown as SimulatedMirror;
}

/** Reads pairs of seconds and bytes per second, in order of time. */
function readRates(name: string, value: unknown): [number, number][] {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be a list of [seconds, bytes/s]`);
  let latest = 0;
  return value.map((pair, index) => {
    const [seconds, rate] = Array.isArray(pair) ? pair : [];
    latest = whole(`${name}[${index}][0]`, seconds, latest);
    return [latest, whole(`${name}[${index}][1]`, rate, 0)];
  });
}

function refuseUnknown(name: string, unknown: readonly string[], known: readonly string[]): void {
  if (unknown.length === 0) return;
  throw new TypeError(`${name}: unknown ${unknown.join(", ")}; there are ${known.join(", ")}`);
}
