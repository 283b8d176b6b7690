/**
 * Groups of mirrors whose bytes are the same, and by which comparisons all of them become one. Pure.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import type { Mirror } from "../mirror/mirror.ts";

/** Mirrors whose bytes are the same, as far as is known, and the highest place of them that is not zero. */
export interface Group {
  readonly mirrors: Mirror[];
  top: number;
  /** Where their bytes end, zeros too. */
  reach: number;
  /** The mirror that sends the bytes there. */
  last: Mirror;
}

/** A comparison that may be sent. */
interface Candidate {
  readonly piece: ByteRange;
  /** About how many milliseconds its answer takes. */
  readonly cost: number;
}

/** Two groups, by their places, and the comparison that connects them. */
type Link<Check> = readonly [from: number, to: number, check: Check];

/** Comparisons that connect two groups, and the time of the slowest. */
interface Way<Check> {
  readonly links: readonly Link<Check>[];
  readonly cost: number;
}

/** Up to which place groups are known to be the same. */
export class Links {
  readonly #links: { readonly one: number; readonly other: number; readonly to: number }[] = [];

  /** Notes that two are the same up to the byte `to`. */
  add(one: number, other: number, to: number): void {
    this.#links.push({ one, other, to });
  }

  /** Reports whether two are connected by such as are the same at least up to the byte `to`. */
  connect(from: number, goal: number, to: number): boolean {
    const reached = new Set([from]);
    for (const at of reached) {
      for (const link of this.#links) {
        if (link.to < to) continue;
        if (link.one === at) reached.add(link.other);
        if (link.other === at) reached.add(link.one);
      }
    }
    return reached.has(goal);
  }
}

/**
 * Returns up to which place two groups have to be the same: as far as both have sent anything. Behind the last byte
 * that is not zero, there is nothing to compare.
 */
export function commonEnd(one: Group, other: Group): number {
  return Math.min(one.reach, other.reach, Math.max(one.top, other.top));
}

/**
 * Returns the comparisons by which any two groups, highest first, become the same up to their
 * {@linkcode commonEnd}: two that are both the same as a third one only up to a lower place may differ. A third one
 * shows the bytes of both where that is sooner: the nearest mirror shows those of all distant ones. `between`
 * returns the soonest comparison of two; `links` learns those that are returned.
 */
export function connecting<Check extends Candidate>(
  groups: readonly Group[],
  links: Links,
  between: (one: Group, other: Group) => Check | undefined,
): readonly Check[] {
  const checks: Check[] = [];
  for (const [one, higher] of groups.entries()) {
    for (const [other, lower] of groups.entries()) {
      const end = commonEnd(higher, lower);
      if (other <= one || links.connect(one, other, end)) continue;
      const direct = between(higher, lower);
      let best: Way<Check> | undefined = direct &&
        { links: [[one, other, direct]], cost: direct.cost };
      for (const [third, group] of groups.entries()) {
        if (third === one || third === other) continue;
        const open = [one, other].filter((index) => !links.connect(third, index, end));
        const way = open.map((index) => [third, index, between(group, groups[index]!)] as const)
          .filter((link): link is Link<Check> => (link[2]?.piece.end ?? 0) >= end);
        const cost = Math.max(...way.map(([, , check]) => check.cost));
        if (way.length === open.length && cost < (best?.cost ?? Infinity)) {
          best = { links: way, cost };
        }
      }
      for (const [from, to, check] of best?.links ?? []) {
        checks.push(check);
        links.add(from, to, Infinity);
      }
    }
  }
  return checks;
}
