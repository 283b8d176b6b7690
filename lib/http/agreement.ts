/**
 * The majority vote on which file the mirrors have: sizes and a digest of the first bytes are compared
 * across mirrors. A mirror that sent too few bytes for a digest counts by its size; one that gives no
 * size is left out if others give one. Where mirrors give hashes of the whole file, these are compared last.
 *
 * @module
 */

import { type Hashes, type HashType, STRONG_TYPES } from "./hashes.ts";

/** What one mirror's first response shows of the file. */
export interface FileFacts {
  /** The file's size in bytes; `undefined` if the mirror does not give it. */
  readonly size: number | undefined;
  /** Digest of the file's first bytes; `undefined` if too few were received. */
  readonly digest: string | undefined;
  /** Hashes of the whole file, as far as the mirror gives them. */
  readonly hashes?: Hashes | undefined;
}

export type Agreement<Answer extends FileFacts> =
  /** Mirrors that have not answered yet could still change the result. */
  | { readonly type: "undecided" }
  | { readonly type: "tie" }
  /** What the file is, and which answers agree with it. */
  | FileFacts & { readonly type: "agreed"; readonly agreeing: readonly Answer[] };

/**
 * Compares `answers`, at least one. `outstanding` is the number of mirrors that have yet to answer:
 * the result is `undecided` while they could change it.
 */
export function agree<Answer extends FileFacts>(
  answers: readonly Answer[],
  outstanding: number,
): Agreement<Answer> {
  const sized = answers.filter(({ size }) => size !== undefined);
  let agreeing = answers;
  if (sized.length > 0) {
    const bySize = majority(sized.map(({ size }) => size), outstanding);
    if (bySize.type !== "decided") return bySize;
    agreeing = sized.filter(({ size }) => size === bySize.value);
  } else if (outstanding > 0) return { type: "undecided" };
  const byDigest = majority(agreeing.map(({ digest }) => digest), outstanding);
  if (byDigest.type !== "decided") return byDigest;
  agreeing = agreeing.filter(({ digest }) => [undefined, byDigest.value].includes(digest));
  const hashes: Partial<Record<HashType, string>> = {};
  for (const type of STRONG_TYPES) {
    const said = agreeing.map(({ hashes }) => hashes?.[type]);
    const byHash = majority(said, isUnanimous(said) ? 0 : outstanding);
    if (byHash.type !== "decided") return byHash;
    if (byHash.value === undefined) continue;
    hashes[type] = byHash.value;
    agreeing = agreeing.filter((answer) =>
      [undefined, byHash.value].includes(answer.hashes?.[type])
    );
  }
  return { type: "agreed", size: agreeing[0]?.size, digest: byDigest.value, hashes, agreeing };
}

/** Reports whether no value differs from another: few mirrors give hashes, and the others are not waited for. */
function isUnanimous(values: readonly (string | undefined)[]): boolean {
  return new Set(values.filter((value) => value !== undefined)).size < 2;
}

/** The result of a vote; `value` is `undefined` if there were no votes. */
export type Majority<Value> =
  | { readonly type: "undecided" | "tie" }
  | { readonly type: "decided"; readonly value: Value | undefined };

/**
 * Finds the most frequent value; `undefined` is no vote. While `outstanding` votes could change the
 * result, it is `undecided`.
 */
export function majority<Value>(
  values: readonly (Value | undefined)[],
  outstanding = 0,
): Majority<Value> {
  const votes = new Map<Value, number>();
  for (const value of values) {
    if (value !== undefined) votes.set(value, (votes.get(value) ?? 0) + 1);
  }
  const [first, second] = [...votes].sort(([, one], [, other]) => other - one);
  if (first === undefined) return { type: "decided", value: undefined };
  if (first[1] - (second?.[1] ?? 0) > outstanding) return { type: "decided", value: first[0] };
  return { type: outstanding > 0 ? "undecided" : "tie" };
}
