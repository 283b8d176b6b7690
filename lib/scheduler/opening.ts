/**
 * The opening of a download: what the mirrors' first answers say is gathered, compared, and turned
 * into one decision on what the file is and who has it. Until then the first answer is trusted as
 * far as asking goes, so that no time is lost, but no byte is handed over. Mirrors that answer later
 * are held against the decision. Pure.
 *
 * @module
 */

import {
  MirrorError,
  MirrorMismatchError,
  RangeNotSatisfiableError,
  type SphttpError,
} from "../errors.ts";
import { agree, type Agreement, type Claim } from "./agreement.ts";
import type { Answer, Size } from "./messages.ts";
import type { LiveRequest, Mirror } from "./mirror.ts";
import type { DownloadState } from "./state.ts";

/**
 * Once a mirror has told what the file is, slower ones are waited for this long, or three times as
 * long as the first one took: the majority should be found, but one slow mirror should not hold up
 * the start.
 */
const GRACE_MS = 200;

/** A file that need not be asked for any more. */
export interface PresumedFile {
  /** Its size in bytes. */
  readonly size: number;
  /** Digest of its first bytes. */
  readonly digest: string | undefined;
  /** URLs of mirrors that serve ranges of it. */
  readonly mirrors: readonly string[];
}

/** What has been settled. */
export interface OpeningOutcome {
  /** What the file seems to be, when the first mirror that serves ranges has told. */
  readonly started?: { readonly size: number; readonly request: LiveRequest };
  /** Whether it is not what it seemed to be: whatever came so far is of no use. */
  readonly discard?: boolean;
  /** What the file is, when that has just been decided. */
  readonly opened?: {
    readonly size: Size;
    readonly mode: "ranges" | "whole";
    /** Whose first bytes serve as the file's, and whether they do at all. */
    readonly supplier: { readonly mirror: Mirror; readonly request: LiveRequest; usable: boolean };
  };
  /** Mirrors that were found to have the file. */
  readonly admitted: readonly Mirror[];
  /** Mirrors that were found to have another one. */
  readonly rejected: readonly { readonly mirror: Mirror; readonly failure: MirrorError }[];
  /** Why the download cannot go on. */
  readonly error?: SphttpError;
}

interface Testimony extends Claim {
  /** `undefined` where it was given to an earlier download. */
  readonly request: LiveRequest | undefined;
  readonly answer: Answer;
}

type Decision = Extract<Agreement, { type: "agreed" }>;

const NOTHING: OpeningOutcome = { admitted: [], rejected: [] };

/** Gathers and compares what mirrors say. */
export class Opening {
  readonly #mirrors: readonly Mirror[];
  readonly #start: number;
  readonly #answers = new Map<Mirror, Answer>();
  /** In order of arrival. */
  #testimonies: Testimony[] = [];
  /** The first mirror that can be asked for ranges, and those that say the same of the file. */
  #leader: Testimony | undefined;
  readonly #followers = new Set<Mirror>();
  #decision: Decision | undefined;
  #graceUntil = Infinity;
  #fresh = false;

  constructor(mirrors: readonly Mirror[], { start }: { readonly start: number }) {
    this.#mirrors = mirrors;
    this.#start = start;
  }

  /** Takes for granted what an earlier download found out: who has the file, and what it is. */
  presume(mirrors: readonly Mirror[], size: number, digest: string | undefined): void {
    for (const mirror of mirrors) {
      mirror.service = "ranges";
      const answer = { type: "partial", start: 0, end: 0, size } as const;
      const index = this.#mirrors.indexOf(mirror);
      this.#testimonies.push({ mirror: index, size, digest, request: undefined, answer });
    }
    const agreeing = [...this.#testimonies];
    this.#decision = { type: "agreed", size, digest, agreeing, dissenting: [] };
  }

  /** What the mirrors have agreed on as the digest of the file's first bytes. */
  get digest(): string | undefined {
    return this.#decision?.digest;
  }

  /** Until when slower mirrors are waited for, in milliseconds; `Infinity` when no time is set. */
  get graceUntil(): number {
    return this.#graceUntil;
  }

  /** A probe was answered. */
  answer(request: LiveRequest, answer: Answer): void {
    this.#answers.set(request.mirror, answer);
  }

  /** Whether a mirror has answered with the whole file. */
  answeredWhole(mirror: Mirror): boolean {
    return this.#answers.get(mirror)?.type === "whole";
  }

  /** A probe's first bytes came. */
  sample(request: LiveRequest, digest: string | undefined, now: number): void {
    const { mirror } = request;
    const answer = this.#answers.get(mirror)!;
    this.#testimonies.push({
      mirror: this.#mirrors.indexOf(mirror),
      size: answer.size,
      digest,
      request,
      answer,
    });
    this.#fresh = true;
    if (this.#decision === undefined && this.#testimonies.length === 1) {
      this.#graceUntil = now + Math.max(GRACE_MS, 3 * (mirror.answerMs ?? 0));
    }
  }

  /** A probe failed: unless the mirror has been admitted, what it said does not count. */
  forget(mirror: Mirror): void {
    if (mirror.service !== "unknown") return;
    const index = this.#mirrors.indexOf(mirror);
    this.#testimonies = this.#testimonies.filter((testimony) => testimony.mirror !== index);
    if (this.#testimonies.length === 0) this.#graceUntil = Infinity;
  }

  /** Decides what can be decided at `now`, while `requests` are under way. */
  settle(requests: Iterable<LiveRequest>, now: number): OpeningOutcome {
    if (this.#testimonies.length === 0) return NOTHING;
    let outstanding = 0;
    for (const { kind, mirror } of requests) {
      if (kind === "probe" && !this.#hasTestified(mirror)) outstanding++;
    }
    if (this.#decision !== undefined) return this.#fresh ? this.#recount(outstanding) : NOTHING;
    const started = this.#follow();
    return { ...this.#decide(outstanding, now), ...(started && { started }) };
  }

  /** Lets the mirrors be asked that say what the first of them said. */
  #follow(): OpeningOutcome["started"] {
    const before = this.#leader;
    const usable = this.#testimonies.filter(({ answer, size, digest }) =>
      answer.type === "partial" && size !== undefined && digest !== undefined
    );
    this.#leader ??= usable[0];
    for (const testimony of usable) {
      const mirror = this.#mirrors[testimony.mirror]!;
      if (mirror.service !== "unknown" || !same(testimony, this.#leader!)) continue;
      mirror.service = "ranges";
      this.#followers.add(mirror);
    }
    if (before !== undefined || this.#leader === undefined) return undefined;
    return { size: this.#leader.size!, request: this.#leader.request! };
  }

  #decide(outstanding: number, now: number): OpeningOutcome {
    let agreement = agree(this.#testimonies, outstanding);
    if (agreement.type === "open" && now >= this.#graceUntil) {
      this.#graceUntil = Infinity;
      agreement = agree(this.#testimonies, 0);
      if (agreement.type === "tie") return NOTHING;
    }
    if (agreement.type === "tie") return { ...NOTHING, error: this.#mismatch() };
    if (agreement.type === "open") return NOTHING;
    this.#graceUntil = Infinity;
    this.#decision = agreement;
    const { size } = agreement;
    if (size !== undefined && size <= this.#start && !(size === 0 && this.#start === 0)) {
      return { ...NOTHING, error: new RangeNotSatisfiableError(this.#start, size) };
    }
    const discard = this.#leader !== undefined && !same(this.#leader, agreement);
    if (discard) { for (const mirror of this.#followers) mirror.service = "unknown"; }
    const verdict = this.#judge(agreement);
    const usual = this.#agreeing(agreement);
    const supplier = usual.find(({ mirror }) => this.#mirrors[mirror]!.service === "ranges") ??
      usual.find(({ answer }) => answer.type === "whole") ?? usual[0]!;
    const mirror = this.#mirrors[supplier.mirror]!;
    const mode = mirror.service === "ranges" ? "ranges" : "whole";
    const usable = mode === "ranges" || supplier.answer.type === "whole";
    return {
      ...verdict,
      discard,
      opened: { size, mode, supplier: { mirror, request: supplier.request!, usable } },
    };
  }

  /** Holds mirrors that answered late against the decision. */
  #recount(outstanding: number): OpeningOutcome {
    const { size, digest } = this.#decision!;
    if (size === undefined) return this.#judge(this.#likeDecided());
    const agreement = agree(this.#testimonies, outstanding);
    // Others, still to come, may outvote whoever came last.
    if (agreement.type === "open") return NOTHING;
    const same = agreement.type === "agreed" && agreement.size === size &&
      (digest === undefined || agreement.digest === digest);
    // Bytes of the other file have been handed over: nothing can make that right.
    if (!same) return { ...NOTHING, error: this.#mismatch() };
    return this.#judge(agreement);
  }

  /** While the file streams with an unknown size, mirrors are compared by their first bytes alone. */
  #likeDecided(): Decision {
    const { size, digest } = this.#decision!;
    const fits = (claim: Claim) =>
      claim.digest === undefined || digest === undefined || claim.digest === digest;
    return {
      type: "agreed",
      size,
      digest,
      agreeing: this.#testimonies.filter(fits),
      dissenting: this.#testimonies.filter((claim) => !fits(claim)),
    };
  }

  #judge(decision: Decision): OpeningOutcome {
    this.#fresh = false;
    const admitted: Mirror[] = [];
    const rejected: { mirror: Mirror; failure: MirrorError }[] = [];
    for (const testimony of this.#testimonies) {
      const { mirror: index, answer, size, digest } = testimony;
      const mirror = this.#mirrors[index]!;
      const agrees = decision.agreeing.includes(testimony);
      // Without a size it cannot be joined with others, but it can stand in for them.
      const spare = !agrees && size === undefined && digest === decision.digest;
      if (agrees || spare) {
        // Followers are admitted by the decision only.
        const follower = this.#followers.delete(mirror);
        if (mirror.service !== "unknown" && !follower) continue;
        const ranges = agrees && answer.type !== "whole" && decision.size !== undefined;
        mirror.service = ranges ? "ranges" : "whole";
        admitted.push(mirror);
      } else if (mirror.state.type !== "dropped") {
        rejected.push({ mirror, failure: dissent(mirror, testimony, decision) });
      }
    }
    return { admitted, rejected };
  }

  #agreeing(decision: Decision): Testimony[] {
    return this.#testimonies.filter((testimony) => decision.agreeing.includes(testimony));
  }

  #hasTestified(mirror: Mirror): boolean {
    const index = this.#mirrors.indexOf(mirror);
    return this.#testimonies.some((testimony) => testimony.mirror === index);
  }

  #mismatch(): MirrorMismatchError {
    const claims = [...this.#testimonies].sort((one, other) => one.mirror - other.mirror);
    return new MirrorMismatchError(
      claims.map(({ mirror, size, digest }) => ({
        mirror: this.#mirrors[mirror]!.url,
        size,
        digest,
      })),
    );
  }
}

function same(one: Pick<Claim, "size" | "digest">, other: Pick<Claim, "size" | "digest">): boolean {
  return one.size === other.size && one.digest === other.digest;
}

function dissent(mirror: Mirror, claim: Claim, { size }: Decision): MirrorError {
  const message = claim.size === size
    ? "has other content of the same size than most mirrors"
    : claim.size === undefined
    ? "does not tell the file's size, as other mirrors do"
    : `has ${claim.size} bytes, while most mirrors have ${size ?? "a file of unknown size"}`;
  return new MirrorError(`${mirror.url}: ${message}`, {
    mirror: mirror.url,
    phase: "headers",
    reason: "mismatch",
    retryable: false,
  });
}

/** A mirror has the file that was agreed on. */
export function admit(mirror: Mirror, download: DownloadState, now: number): void {
  const spare = mirror.service === "whole";
  const message = spare ? "serves the whole file only" : "serves ranges";
  const held = spare && mirror.live.find((request) => request.held);
  if (held) download.cancel(held, "end", now);
  const others = download.mirrors.some((other) => other.servesRanges);
  const state = spare && others ? "spare" : "ready";
  download.commands.report({ type: "mirror", mirror: mirror.url, state, message }, now);
}

/** What has come so far is not what the mirrors agreed on. Nothing of it was handed over. */
export function discard(download: DownloadState, now: number): void {
  for (const request of [...download.requests]) {
    if (request.kind === "range") download.cancel(request, "discarded", now);
  }
  for (const mirror of download.mirrors) mirror.wastedBytes = mirror.bytes;
  download.reset();
  download.commands.push({ type: "discard" });
}

/** What the mirrors have agreed on. */
export interface Agreed {
  readonly size: Size;
  readonly mode: "ranges" | "whole";
  /** One of those that have the file. */
  readonly mirror: Mirror;
}

/** Tells what the file is. */
export function announce(
  { size, mode, mirror }: Agreed,
  download: DownloadState,
  now: number,
): void {
  const { commands, mirrors } = download;
  commands.push({ type: "open", mirror: mirrors.indexOf(mirror), size });
  commands.report({ type: "open", size, mode }, now);
}
