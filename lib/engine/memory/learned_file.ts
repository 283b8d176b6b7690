/**
 * What one download learns of its file: what the mirrors have agreed on, what proves it, and what is handed on
 * to later downloads.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import { PROBE_SIZE } from "../../scheduler/opening/probe.ts";
import type { Scheduler } from "../../scheduler/scheduler.ts";
import type { KnownMirror } from "../../transport/responses/mirror_memory.ts";
import type { FileInfo, KnownFile } from "./known_file.ts";
import { lateProblem, openProof, type ProofOptions } from "./open_proof.ts";

/** What of the options matters. */
export interface LearnedFileOptions extends ProofOptions {
  readonly knownFile?: KnownFile | undefined;
}

/** Where a download has learned of its file. */
export interface Sources {
  readonly scheduler: Pick<Scheduler, "mirrors" | "file" | "isCompared" | "ledger">;
  readonly transport: { readonly knownMirrors: readonly KnownMirror[] };
  /** Number of bytes by which the mirrors are compared. */
  readonly sampleSize: number;
}

/** The file of one download. */
export class LearnedFile {
  readonly #options: LearnedFileOptions;
  readonly #sources: Sources;
  #info: FileInfo | undefined;

  constructor(options: LearnedFileOptions, sources: Sources) {
    this.#options = options;
    this.#sources = sources;
  }

  /** What the mirrors have agreed on; `undefined` before. */
  get info(): FileInfo | undefined {
    return this.#info;
  }

  /** The range to deliver, `undefined` for the whole file; `end` is `Infinity` while it is unknown. */
  get range(): ByteRange | undefined {
    const { start, end } = this.#sources.scheduler.ledger;
    const isPart = this.#options.start > 0 || this.#options.end !== undefined;
    return isPart ? { start, end } : undefined;
  }

  /**
   * Notes that the mirrors have agreed on the file, which one of them describes as `about`.
   *
   * @throws {ProofError} less proves it than is required
   */
  open(about: Omit<FileInfo, "size" | "hashes" | "mirrors">, size: number | undefined): FileInfo {
    const { scheduler, transport: { knownMirrors } } = this.#sources;
    const known = scheduler.mirrors.filter(({ service }) => service !== "unknown");
    const { hashes, digest } = scheduler.file!;
    const info = { ...about, size, hashes, mirrors: known.map(({ url }) => url) };
    const proof = openProof(info, this.#options, { digest, knownMirrors });
    return this.#info = { ...info, proof };
  }

  /** Returns why a mirror that answers once the file is open may not join; `undefined` if it may. */
  lateProblem(etag: string | undefined): string | undefined {
    return lateProblem(this.#options, this.#info, etag);
  }

  /** What is handed on to later downloads; `undefined` if that is of no use. */
  get known(): KnownFile | undefined {
    const { start, knownFile: { pieces } = {}, expectedPieces } = this.#options;
    const { scheduler, transport, sampleSize } = this.#sources;
    const mirrors = transport.knownMirrors.flatMap((known) => {
      const mirror = scheduler.mirrors.find(({ url }) => url === known.url);
      if (!mirror?.servesRanges) return [];
      return [{ ...known, compared: scheduler.isCompared(mirror) || undefined }];
    });
    if (this.#info?.size === undefined || mirrors.length === 0) return undefined;
    // Where the pieces are compared with expected digests, the samples are not; and another download cannot use
    // a digest of fewer bytes than usual.
    const isUsual = expectedPieces === undefined && sampleSize >= PROBE_SIZE;
    const digest = isUsual ? scheduler.file?.digest : undefined;
    return { info: this.#info, digest, digestStart: start, mirrors, pieces };
  }
}
