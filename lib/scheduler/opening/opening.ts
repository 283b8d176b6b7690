/**
 * The opening of a download as a state machine: the mirrors' first answers are gathered, compared,
 * and turned into one decision on what the file is and which mirrors have it. Until then the first
 * answer is trusted as far as requesting goes, so that no time is lost, but no byte is delivered.
 * Mirrors that answer later are compared with the decision; those whose first bytes cannot be compared
 * have to show other bytes of the file before they are admitted. If the first answer is to be
 * delivered at once, it decides, unless a majority contradicts it later. Evidence outweighs votes: what an
 * earlier download knows of the file, and that a web page is not the file that others have. An event yields an ordered
 * list of steps, which the scheduler executes in that order. The machine changes nothing but its own
 * state: mirrors and requests are only read. Pure.
 *
 * @module
 */

import {
  type MirrorMismatchError,
  RangeNotSatisfiableError,
  type SphttpError,
} from "../../errors.ts";
import { agree } from "../../http/agreement.ts";
import type { Hashes } from "../../http/hashes.ts";
import type { Size } from "../bytes/size.ts";
import type { Mirror } from "../mirror/mirror.ts";
import {
  type Agreed,
  agreedOn,
  type FirstAnswer,
  firstFile,
  hashError,
  isAwaited,
  isSameFile,
  mayDeliver,
  type OpenFile,
  pageNote,
  refusedPages,
  serviceOf,
  unlessOutvoted,
  verdictOf,
} from "./first_answer.ts";
import { Differences } from "./differences.ts";
import type {
  Admission,
  KnownFileFacts,
  OpeningEvent,
  OpeningOptions,
  OpeningState,
  OpeningStep,
} from "./opening_steps.ts";
import { SizeQuestion } from "./size_question.ts";

/**
 * Once a mirror has answered, slower ones are waited for this long, or three times as long as the
 * first one took: the majority should be found, but one slow mirror should not delay the start.
 */
const GRACE_MS = 200;

export class Opening {
  readonly #mirrors: readonly Mirror[];
  readonly #start: number;
  readonly #trustsFirst: boolean;
  readonly #expected: Hashes | undefined;
  #state: OpeningState = { type: "probing" };
  /** In order of arrival. */
  #answers: FirstAnswer[] = [];
  /** Mirrors that ranges are requested from before the decision. */
  readonly #trusted = new Set<Mirror>();
  /** Mirrors that have been admitted or rejected. */
  readonly #settled = new Set<Mirror>();
  /** Mirrors whose bytes are being compared. */
  readonly #compared = new Set<Mirror>();
  readonly #differences: Differences;
  /** Mirrors that joined after the decision, on which they have no say. */
  readonly #joined = new Set<Mirror>();
  readonly #sizes = new SizeQuestion();
  #graceUntil = Infinity;

  /** Takes all mirrors. */
  constructor(mirrors: readonly Mirror[], options: OpeningOptions) {
    const { start, deliverAfter = "agreement", expectedHashes } = options;
    this.#mirrors = mirrors;
    this.#differences = new Differences(mirrors);
    this.#start = start;
    this.#expected = expectedHashes;
    this.#trustsFirst = deliverAfter === "first-answer";
  }

  get state(): OpeningState {
    return this.#state;
  }

  /** Until when slower mirrors are waited for, in milliseconds; `Infinity` for no set time, as for web pages. */
  get graceUntil(): number {
    return this.#answers.some(mayDeliver) ? this.#graceUntil : Infinity;
  }

  /** Takes a mirror that was added, or is in use again: whatever it answered before counts no more. */
  join(mirror: Mirror): void {
    this.#settled.delete(mirror);
    this.#compared.delete(mirror);
    this.#differences.forget(mirror);
    // Bytes of it may be in use before the decision.
    if (!this.#trusted.has(mirror)) {
      this.#answers = this.#answers.filter((answer) => answer.mirror !== mirror);
    }
    if (this.#state.type === "open") this.#joined.add(mirror);
  }

  /** Reports whether a mirror joined after the decision. */
  hasJoined(mirror: Mirror): boolean {
    return this.#joined.has(mirror);
  }

  /** Reports whether the size that a mirror says next is to be verified. */
  isMeasured(mirror: Mirror): boolean {
    return this.#sizes.isAsked(mirror);
  }

  /**
   * Changes the state, and returns what has to be done, in order. `outstanding` is the number of probes
   * that have neither failed nor delivered their first bytes.
   */
  handle(event: OpeningEvent, outstanding: number, now: number): readonly OpeningStep[] {
    if (event.type === "known") return this.#assume(event.file);
    if (event.type === "answered") {
      const rejection = this.#refuseHashes(event.answer);
      if (rejection !== undefined) {
        const failed = { type: "failed", mirror: event.answer.mirror } as const;
        return [rejection, ...this.handle(failed, outstanding, now)];
      }
      this.#add(event.answer, now);
    }
    if (event.type === "failed") this.#forget(event.mirror);
    if (event.type === "same") return this.#admitCompared(event.mirror);
    if (event.type === "differs") return this.#rejectCompared(event);
    if (this.#answers.length === 0 || this.#sizes.isOpen) return [];
    switch (this.#state.type) {
      case "probing":
      case "speculating":
        return this.#decide(outstanding, now) ?? this.#speculate();
      case "open":
        return this.#compareLate(this.#state.file, outstanding);
      case "failed":
        return [];
    }
  }

  /** Opens a file that is known, without a probe. */
  #assume({ mirrors, size, digest, hashes }: KnownFileFacts): readonly OpeningStep[] {
    const known = this.#mirrors.filter(({ url }) => mirrors.includes(url));
    if (known.length === 0) return [];
    const failed = this.#failIfOutside(size);
    if (failed !== undefined) return failed;
    const answer = { type: "partial", start: 0, end: 0, size } as const;
    for (const mirror of known) {
      this.#answers.push({ mirror, size, digest, answer, request: undefined });
      this.#settled.add(mirror);
    }
    const facts = { size, digest, hashes: { ...hashes, ...this.#expected } };
    this.#state = { type: "open", file: { ...facts, isKnown: true, isPage: false } };
    const admissions = known.map((mirror) => ({ mirror, service: "ranges" as const }));
    return [
      { type: "open", mirror: known[0]!, size, mode: "ranges" },
      { type: "admit", admissions },
    ];
  }

  #add(answer: FirstAnswer, now: number): void {
    const isSecond = this.#sizes.answered(answer.mirror);
    if (isSecond) this.#answers = this.#answers.filter(({ mirror }) => mirror !== answer.mirror);
    this.#answers.push(answer);
    if (this.#state.type !== "probing" || this.#answers.length > 1) return;
    this.#graceUntil = now + Math.max(GRACE_MS, 3 * (answer.mirror.answerMs ?? 0));
  }

  /** Refuses a mirror whose hashes are not those of the file that is expected, or being delivered. */
  #refuseHashes({ mirror, hashes }: FirstAnswer): OpeningStep | undefined {
    const { state } = this;
    const error = state.type === "open"
      ? hashError(mirror, hashes, state.file.hashes, "while that of the file is")
      : hashError(mirror, hashes, this.#expected, "while that of the file should be");
    if (error === undefined || mirror.state.type === "dropped") return undefined;
    this.#settled.add(mirror);
    return { type: "reject", mirror, error };
  }

  /** The answer of a mirror whose probe has failed counts no more, unless the mirror is in use. */
  #forget(mirror: Mirror): void {
    if (this.#sizes.failed(mirror)) return;
    this.#compared.delete(mirror);
    if (this.#trusted.has(mirror) || this.#settled.has(mirror)) return;
    this.#answers = this.#answers.filter((answer) => answer.mirror !== mirror);
  }

  /** Trusts the first mirror that serves ranges of a file of known size, and those that agree. */
  #speculate(): readonly OpeningStep[] {
    const usable = this.#answers.filter(({ answer, size, digest, page }) =>
      answer.type === "partial" && size !== undefined && digest !== undefined && !page
    );
    const begins = this.#state.type !== "speculating";
    const leader = this.#state.type === "speculating" ? this.#state.leader : usable[0];
    if (leader === undefined) return [];
    const steps: OpeningStep[] = [];
    for (const answer of usable) {
      const { mirror } = answer;
      if (this.#trusted.has(mirror) || !isSameFile(answer, leader)) continue;
      this.#trusted.add(mirror);
      steps.push({ type: "trust", mirror, size: leader.size! });
    }
    if (begins) steps.push({ type: "accept", request: leader.request! });
    this.#state = { type: "speculating", leader };
    return steps;
  }

  /** Opens the file, or fails; `undefined` while nothing can be decided. */
  #decide(outstanding: number, now: number): readonly OpeningStep[] | undefined {
    const files = this.#answers.filter(({ page }) => page === undefined);
    if (isAwaited(files, this.#mirrors, outstanding)) return undefined;
    const isPage = files.length === 0;
    if (isPage) {
      const refused = this.#refusePages();
      if (refused.length > 0) {
        const rest = this.#answers.length > 0 ? this.#decide(outstanding, now) ?? [] : [];
        return [...refused, ...rest];
      }
    }
    const voters = isPage ? this.#answers : files;
    let agreement = (this.#trustsFirst ? firstFile(voters) : undefined) ??
      agree(voters, outstanding);
    if (agreement.type === "undecided" && now >= this.#graceUntil) {
      this.#graceUntil = Infinity;
      agreement = agree(voters, 0);
      // Slower mirrors may still break the tie.
      if (agreement.type === "tie") return undefined;
    }
    if (agreement.type === "undecided") return undefined;
    this.#graceUntil = Infinity;
    if (agreement.type === "tie") {
      return this.#measure(voters) ?? this.#fail(this.#differences.error(this.#answers));
    }
    const { size, digest, agreeing } = agreement;
    const hashes = { ...agreement.hashes, ...this.#expected };
    const failed = this.#failIfOutside(size);
    if (failed !== undefined) return failed;
    const { leader } = this.#state.type === "speculating" ? this.#state : { leader: undefined };
    const confirmed = leader !== undefined && isSameFile(leader, agreement);
    this.#state = { type: "open", file: { size, digest, hashes, isKnown: false, isPage } };
    const serves = (answer: FirstAnswer) => serviceOf(answer, size) === "ranges";
    // First bytes that have been compared are better than some that have not.
    const source = agreeing.find((answer) => serves(answer) && answer.digest !== undefined) ??
      agreeing.find(serves) ??
      agreeing.find(({ answer }) => answer.type === "whole") ?? agreeing[0]!;
    const { mirror, request, answer } = source;
    const mode = serves(source) ? "ranges" : "whole";
    const steps: OpeningStep[] = leader !== undefined && !confirmed ? [{ type: "discard" }] : [];
    const { rejections, admissions } = this.#settle(agreement, this.#answers, source);
    steps.push(...rejections, { type: "open", mirror, size, mode });
    if (isPage) steps.push({ type: "note", message: pageNote(source) });
    const usable = mode === "ranges" || answer.type === "whole";
    if (usable && !confirmed) steps.push({ type: "accept", request: request! });
    return [...steps, ...admissions];
  }

  /** Asks mirrors that differ in the size only for it once more; `undefined` if that is of no use. */
  #measure(voters: readonly FirstAnswer[]): readonly OpeningStep[] | undefined {
    const mirrors = this.#sizes.begin(voters, this.#settled);
    if (mirrors.length === 0) return undefined;
    const steps = mirrors.map((mirror) => ({ type: "measure" as const, mirror }));
    if (this.#state.type === "open") return steps;
    const discard = this.#state.type === "speculating" ? [{ type: "discard" as const }] : [];
    this.#state = { type: "probing" };
    this.#trusted.clear();
    return [...discard, ...steps];
  }

  /** Compares the answers of late mirrors with the decision. */
  #compareLate(file: OpenFile, outstanding: number): readonly OpeningStep[] {
    if (this.#answers.every(({ mirror }) => this.#settled.has(mirror))) return [];
    const { size, digest, isKnown } = file;
    const joined = this.#settleJoined(file);
    if (this.#answers.every(({ mirror }) => this.#settled.has(mirror))) return joined;
    const voters = this.#voters.filter(({ page }) => file.isPage || page === undefined);
    const agreement = isKnown || (size === undefined && !this.#trustsFirst)
      ? agreedOn(file, voters)
      : this.#trustsFirst
      ? unlessOutvoted(voters, file)
      : agree(voters, outstanding);
    // Mirrors that have yet to answer may outvote the latest one.
    if (agreement.type === "undecided") return joined;
    // Bytes of the other file have been delivered: that cannot be mended.
    if (
      agreement.type === "tie" || agreement.size !== size ||
      (digest !== undefined && agreement.digest !== digest)
    ) {
      return [
        ...joined,
        ...this.#measure(voters) ?? this.#fail(this.#differences.error(this.#answers)),
      ];
    }
    const { rejections, admissions } = this.#settle(agreement, this.#voters);
    return [...joined, ...rejections, ...admissions];
  }

  /** The answers of the mirrors that decide what the file is. */
  get #voters(): readonly FirstAnswer[] {
    return this.#answers.filter(({ mirror }) => !this.#joined.has(mirror));
  }

  /** Compares mirrors that joined after the decision with the file; other mirrors' votes do not matter. */
  #settleJoined(file: OpenFile): readonly OpeningStep[] {
    const answers = this.#answers.filter(({ mirror }) => this.#joined.has(mirror));
    const files = answers.filter(({ page }) => file.isPage || !page);
    const { rejections, admissions } = this.#settle(agreedOn(file, files), answers);
    return [...rejections, ...admissions];
  }

  /** Refuses web pages where a name promised another kind of file; a text may be what it promised. */
  #refusePages(): readonly OpeningStep[] {
    const refused = refusedPages(this.#answers);
    for (const { mirror } of refused) this.#settled.add(mirror);
    this.#answers = this.#answers.filter(({ mirror }) => !this.#settled.has(mirror));
    return refused.map((one) => ({ type: "reject", ...one }));
  }

  /** Admits a mirror whose bytes were compared. */
  #admitCompared(mirror: Mirror): readonly OpeningStep[] {
    const answer = this.#answers.find((one) => one.mirror === mirror);
    const wasCompared = this.#compared.delete(mirror);
    if (!wasCompared || answer === undefined || this.#state.type !== "open") return [];
    const service = serviceOf(answer, this.#state.file.size);
    return [{ type: "admit", admissions: [{ mirror, service }] }];
  }

  /** Rejects a mirror whose bytes differ, or fails where no other mirror speaks for the rest. */
  #rejectCompared(
    { mirror, error, at }: Extract<OpeningEvent, { type: "differs" }>,
  ): readonly OpeningStep[] {
    if (!this.#compared.delete(mirror) || this.#state.type !== "open") return [];
    const admitted = [...this.#settled].filter((one) =>
      one !== mirror && !this.#compared.has(one) && one.service !== "unknown"
    );
    this.#differences.note(mirror, at);
    const isSettled = this.#state.file.isKnown || this.#trustsFirst;
    if (!isSettled && !this.#joined.has(mirror) && admitted.length < 2) {
      return this.#fail(this.#differences.error(this.#answers));
    }
    return [{ type: "reject", mirror, error }];
  }

  /**
   * Admits or rejects each mirror of `answers`, once, or has its bytes compared. `source` is the mirror
   * whose first bytes are used.
   */
  #settle(
    agreed: Agreed,
    answers: readonly FirstAnswer[],
    source?: FirstAnswer,
  ): { rejections: OpeningStep[]; admissions: OpeningStep[] } {
    const admissions: Admission[] = [];
    const rejections: OpeningStep[] = [];
    const comparisons: OpeningStep[] = [];
    const isKnown = this.#state.type === "open" && this.#state.file.isKnown;
    const against = isKnown ? "known" : this.#trustsFirst ? "first" : "most";
    for (const answer of answers) {
      const { mirror } = answer;
      if (this.#settled.has(mirror)) continue;
      this.#settled.add(mirror);
      const facts = { isSource: answer === source, hasJoined: this.#joined.has(mirror) };
      const verdict = verdictOf(answer, agreed, { ...facts, against });
      if (verdict.type === "admit") admissions.push({ mirror, service: verdict.service });
      else if (verdict.type === "compare") {
        this.#compared.add(mirror);
        comparisons.push({ type: "compare", mirror });
      } else if (mirror.state.type !== "dropped") {
        rejections.push({ type: "reject", mirror, error: verdict.error });
      }
    }
    this.#trusted.clear();
    const admitted = admissions.length > 0 ? [{ type: "admit" as const, admissions }] : [];
    return { rejections, admissions: [...admitted, ...comparisons] };
  }

  /** Fails where the range begins behind the end of the file; an empty file has no range. */
  #failIfOutside(size: Size): readonly OpeningStep[] | undefined {
    const start = this.#start;
    if (size === undefined || size > start || (size === 0 && start === 0)) return undefined;
    return this.#fail(new RangeNotSatisfiableError(start, size));
  }

  #fail(error: SphttpError): readonly OpeningStep[] {
    this.#state = { type: "failed", error };
    return [{ type: "fail", error }];
  }

  /** Returns the error for a mirror that turned out to have another file than `other`, from byte `at` on. */
  mismatch(mirror: Mirror, other: Mirror, at: number): MirrorMismatchError {
    this.#differences.note(mirror, at, other);
    return this.#differences.error(this.#answers);
  }
}
