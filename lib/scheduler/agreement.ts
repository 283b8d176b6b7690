/**
 * Which file the mirrors have: sizes, and a digest of the first bytes, are compared across mirrors.
 * The majority wins; a tie is nobody's. A mirror that sent too few first bytes to be compared is
 * judged by its size; one that does not tell the size is left out where others do.
 *
 * @module
 */

/** What one mirror says of the file. */
export interface Claim {
  /** Index of the mirror. */
  readonly mirror: number;
  /** The file's size in bytes; `undefined` where the mirror does not tell. */
  readonly size: number | undefined;
  /** Digest of the file's first bytes; `undefined` where too few came. */
  readonly digest: string | undefined;
}

/** The outcome of comparing claims. */
export type Agreement =
  /** Mirrors that have not answered yet could still change the outcome. */
  | { readonly type: "open" }
  /** No majority. */
  | { readonly type: "tie" }
  /** What the file is, and whose claims fit it. */
  | {
    readonly type: "agreed";
    readonly size: number | undefined;
    readonly digest: string | undefined;
    readonly agreeing: readonly Claim[];
    readonly dissenting: readonly Claim[];
  };

/**
 * Compares `claims` (at least one). `outstanding` is how many mirrors have yet to answer: with 0
 * there is always an outcome, otherwise only when they could not change it.
 */
export function agree(claims: readonly Claim[], outstanding: number): Agreement {
  const sized = claims.filter(({ size }) => size !== undefined);
  if (sized.length === 0) {
    if (outstanding > 0) return { type: "open" };
    return vote(claims, 0, undefined, ({ digest }) => digest);
  }
  const bySize = vote(sized, outstanding, undefined, ({ size }) => size);
  if (bySize.type !== "agreed") return bySize;
  const { size, agreeing } = bySize;
  const byDigest = vote(agreeing, outstanding, size, ({ digest }) => digest);
  if (byDigest.type !== "agreed") return byDigest;
  const fits = new Set(byDigest.agreeing);
  return { ...byDigest, dissenting: claims.filter((claim) => !fits.has(claim)) };
}

function vote(
  claims: readonly Claim[],
  outstanding: number,
  size: number | undefined,
  ballot: (claim: Claim) => number | string | undefined,
): Agreement {
  const votes = new Map<number | string, number>();
  for (const claim of claims) {
    const value = ballot(claim);
    if (value !== undefined) votes.set(value, (votes.get(value) ?? 0) + 1);
  }
  const [winner, second] = [...votes].sort(([, one], [, other]) => other - one);
  const lead = (winner?.[1] ?? 0) - (second?.[1] ?? 0);
  if (winner !== undefined && lead <= outstanding) return { type: outstanding ? "open" : "tie" };
  const fits = (claim: Claim) => [undefined, winner?.[0]].includes(ballot(claim));
  const agreeing = claims.filter(fits);
  return {
    type: "agreed",
    size: size ?? agreeing.find((claim) => claim.size !== undefined)?.size,
    digest: agreeing.find((claim) => claim.digest !== undefined)?.digest,
    agreeing,
    dissenting: claims.filter((claim) => !fits(claim)),
  };
}
