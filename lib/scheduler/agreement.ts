/**
 * The majority vote on which file the mirrors have: sizes, and a digest of the first bytes, are
 * compared across mirrors. A mirror that sent too few first bytes to be compared counts by its size;
 * one that gives no size is left out where others give one. Pure.
 *
 * @module
 */

/** What one mirror's first answer says of the file. */
export interface FileFacts {
  /** The file's size in bytes; `undefined` where the mirror does not give it. */
  readonly size: number | undefined;
  /** Digest of the file's first bytes; `undefined` where too few came. */
  readonly digest: string | undefined;
}

/** The outcome of comparing answers. */
export type Agreement<Answer extends FileFacts> =
  /** Mirrors that have not answered yet could still change the outcome. */
  | { readonly type: "undecided" }
  /** No majority. */
  | { readonly type: "tie" }
  /** What the file is, and which answers fit it. */
  | FileFacts & { readonly type: "agreed"; readonly agreeing: readonly Answer[] };

/**
 * Compares `answers` (at least one). `outstanding` is the number of mirrors that have yet to answer:
 * with 0 there is always an outcome, otherwise only if they could not change it.
 */
export function agree<Answer extends FileFacts>(
  answers: readonly Answer[],
  outstanding: number,
): Agreement<Answer> {
  const sized = answers.filter(({ size }) => size !== undefined);
  if (sized.length === 0) {
    if (outstanding > 0) return { type: "undecided" };
    return vote(answers, 0, undefined, ({ digest }) => digest);
  }
  const bySize = vote(sized, outstanding, undefined, ({ size }) => size);
  if (bySize.type !== "agreed") return bySize;
  const { size, agreeing } = bySize;
  return vote(agreeing, outstanding, size, ({ digest }) => digest);
}

function vote<Answer extends FileFacts>(
  answers: readonly Answer[],
  outstanding: number,
  size: number | undefined,
  ballot: (answer: Answer) => number | string | undefined,
): Agreement<Answer> {
  const votes = new Map<number | string, number>();
  for (const answer of answers) {
    const value = ballot(answer);
    if (value !== undefined) votes.set(value, (votes.get(value) ?? 0) + 1);
  }
  const [winner, second] = [...votes].sort(([, one], [, other]) => other - one);
  const lead = (winner?.[1] ?? 0) - (second?.[1] ?? 0);
  if (winner !== undefined && lead <= outstanding) {
    return { type: outstanding > 0 ? "undecided" : "tie" };
  }
  const agreeing = answers.filter((answer) => [undefined, winner?.[0]].includes(ballot(answer)));
  return {
    type: "agreed",
    size: size ?? agreeing.find((answer) => answer.size !== undefined)?.size,
    digest: agreeing.find((answer) => answer.digest !== undefined)?.digest,
    agreeing,
  };
}
