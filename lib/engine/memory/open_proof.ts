/**
 * What proves the file of a download when it is opened, and whether that is as much as is required.
 *
 * @module
 */

import { ProofError } from "../../errors.ts";
import { type ProofLevel, proofOf, reaches } from "../../http/proof.ts";
import { matchesStrongly } from "../../http/validators.ts";
import type { KnownMirror } from "../../transport/responses/mirror_memory.ts";
import type { FileInfo } from "./known_file.ts";

/** What of the options matters. */
export interface ProofOptions {
  readonly start: number;
  readonly end: number | undefined;
  readonly expectedPieces?: unknown;
  readonly requireProof: ProofLevel;
}

/**
 * Returns what proves a file, of which mirrors have these first bytes (`digest`). `knownMirrors` are those that
 * serve ranges.
 *
 * @throws {ProofError} it is less than is required
 */
export function openProof(
  { hashes, mirrors, size, etag }: FileInfo,
  { start, end, expectedPieces, requireProof }: ProofOptions,
  { digest, knownMirrors }: {
    readonly digest: string | undefined;
    readonly knownMirrors: readonly KnownMirror[];
  },
): ProofLevel {
  const etagOf = (url: string) => {
    const known = knownMirrors.find((mirror) => mirror.url === url);
    return known === undefined && mirrors.length === 1 ? etag : known?.validators.etag;
  };
  const level = proofOf({
    hasPieces: expectedPieces !== undefined,
    isWhole: start === 0 && end === undefined,
    hashes,
    etags: mirrors.map(etagOf),
    isCompared: size !== undefined && (digest !== undefined || mirrors.length === 1),
  });
  if (reaches(level, requireProof)) return level;
  throw new ProofError(
    level,
    requireProof,
    mirrors.map((mirror) => ({ mirror, etag: etagOf(mirror) })),
  );
}

/** Returns why a mirror that answers once the file is open may not join; `undefined` if it may. */
export function lateProblem(
  { requireProof }: ProofOptions,
  info: FileInfo | undefined,
  etag: string | undefined,
): string | undefined {
  // Digests are compared as they come, and bytes before anything of the mirror is used.
  if (requireProof !== "tags" || info?.proof !== "tags") return undefined;
  if (matchesStrongly(info.etag, etag)) return undefined;
  return `does not prove that it has the file: its ETag is ${etag ?? "missing"}, not ${info.etag}`;
}
