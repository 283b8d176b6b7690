/**
 * Queries of the proxy from pairs of texts that are not encoded.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { Problem } from "../../../lib/proxy/problem.ts";
import { parseProxyQuery, type ProxyQuery } from "../../../lib/proxy/request/query.ts";

/** The name and the value of a parameter. */
export type Pair = readonly [name: string, value: string];

export const A = "http://a.example/f";
export const B = "https://b.example/f?x=1";

/** Parses a query. */
export function parse(pairs: readonly Pair[], maxMirrors = 32): ProxyQuery {
  return parseProxyQuery(new URLSearchParams(pairs.map((pair) => [...pair])), maxMirrors);
}

/** Asserts that a query is refused with a status; returns why. */
export function refusal(pairs: readonly Pair[], status = 400, maxMirrors?: number): string {
  const problem = assertThrows(() => parse(pairs, maxMirrors), Problem) as Problem;
  assertEquals(problem.status, status, problem.detail);
  return problem.detail;
}
