/**
 * What a mirror's first answer says of the file: which others say the same, how the mirror will serve it,
 * and why it is refused. Pure.
 *
 * @module
 */

import { MirrorError } from "../../errors.ts";
import { agree, type Agreement, type FileFacts } from "../../http/agreement.ts";
import { contradiction, type Hashes } from "../../http/hashes.ts";
import type { Page } from "../../http/name/html.ts";
import { type ExpectedSize, type Size, sizesOf } from "../bytes/size.ts";
import type { Answer } from "../messages.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "../requests/live_request.ts";

/** What the mirrors agreed on. */
export interface OpenFile extends FileFacts {
  /** Whether it is known from an earlier download, which outweighs what other mirrors have. */
  readonly isKnown: boolean;
  /** Whether it is a web page, or a text that reports an error. */
  readonly isPage: boolean;
}

/** What one mirror answered to its probe. */
export interface FirstAnswer extends FileFacts {
  readonly mirror: Mirror;
  readonly answer: Answer;
  /** Set if it is a web page, or a text that reports an error. */
  readonly page?: Page | undefined;
  /** Whether the mirror has shown that it has bytes of the file that were known before. */
  readonly isProved?: boolean | undefined;
  /** The probe; `undefined` where an earlier download sent it. */
  readonly request: LiveRequest | undefined;
}

/** What most mirrors said. */
export type Agreed = Extract<Agreement<FirstAnswer>, { type: "agreed" }>;

/** What becomes of a mirror, once the mirrors have agreed on the file. */
export type Verdict =
  | { readonly type: "admit"; readonly service: "ranges" | "whole" }
  /** It may have the file: bytes of it are compared first. */
  | { readonly type: "compare" }
  | { readonly type: "reject"; readonly error: MirrorError };

/**
 * Who says what the file is: most mirrors, an earlier download, the first mirror that answered, or the
 * mirrors that were there before this one joined.
 */
export type Against = "most" | "known" | "first" | "others";

/** What else decides on a mirror. */
export interface Circumstances {
  /** Whether its first bytes are used. */
  readonly isSource: boolean;
  /** Whether it joined after the decision: the same first bytes are not enough then. */
  readonly hasJoined: boolean;
  readonly against: Against;
}

/** Returns what becomes of the mirror with this answer. */
export function verdictOf(
  answer: FirstAnswer,
  agreed: Agreed,
  { isSource, hasJoined, against }: Circumstances,
): Verdict {
  const { size, digest, isProved = false, page } = answer;
  const isAlike = digest === agreed.digest && !contradiction(agreed.hashes, answer.hashes);
  if (agreed.agreeing.includes(answer)) {
    const service = serviceOf(answer, agreed.size);
    // A whole file is compared as it arrives.
    const isCompared = isSource || isProved || service === "whole" ||
      (digest !== undefined && isAlike && !hasJoined);
    return isCompared ? { type: "admit", service } : { type: "compare" };
  }
  // Without a size it cannot be joined with others, but it can stand in for them.
  if (size === undefined && isAlike) return { type: "admit", service: "whole" };
  const error = page === undefined
    ? dissent(answer, agreed, hasJoined ? "others" : against)
    : pageError(answer, page.promised);
  return { type: "reject", error };
}

/** Returns the failure of a mirror that says a size that the file cannot have. */
export function unexpectedSize(
  { mirror: { url }, answer: { size } }: FirstAnswer,
  wanted: ExpectedSize,
): MirrorError | undefined {
  const { least, most } = sizesOf(wanted);
  if (size === undefined || (size >= least && size <= most)) return undefined;
  const expected = least === most ? `${most}` : `${least} to ${most}`;
  const message = `has ${size} bytes, but ${expected} are expected`;
  const facts = { mirror: url, phase: "headers", reason: "mismatch" } as const;
  return new MirrorError(message, { ...facts, retryable: false });
}

/** Reports whether a mirror has sent the beginning of a file, and may send the rest. */
export function mayDeliver({ page, mirror }: FirstAnswer): boolean {
  return page === undefined && mirror.state.type !== "dropped";
}

/**
 * Reports whether the others are waited for, however many have answered: a web page loses against anything
 * else, and a mirror that was dropped since, as for a bad piece, delivers nothing. `files` are no pages.
 */
export function isAwaited(
  files: readonly FirstAnswer[],
  mirrors: readonly Mirror[],
  outstanding: number,
): boolean {
  if (files.some(mayDeliver)) return false;
  const isRetried = files.length > 0 && mirrors.some(({ state }) => state.type === "waiting");
  return outstanding > 0 || isRetried;
}

export function isSameFile(one: FileFacts, other: FileFacts): boolean {
  return one.size === other.size && one.digest === other.digest &&
    contradiction(one.hashes, other.hashes) === undefined;
}

/** Ranges of a file of unknown size cannot be joined with others. */
export function serviceOf({ answer }: FirstAnswer, size: Size): "ranges" | "whole" {
  return answer.type !== "whole" && size !== undefined ? "ranges" : "whole";
}

/** Returns the answers that agree in their first bytes, where no mirror gives the file's size. */
function likeFirstBytes(
  answers: readonly FirstAnswer[],
  digest: string | undefined,
): readonly FirstAnswer[] {
  return answers.filter((answer) =>
    answer.digest === undefined || digest === undefined || answer.digest === digest
  );
}

/** Returns the answers that do not contradict a file that is known. */
function likeFile(answers: readonly FirstAnswer[], file: FileFacts): readonly FirstAnswer[] {
  return likeFirstBytes(answers, file.digest).filter(({ size, hashes }) =>
    size === file.size && contradiction(hashes, file.hashes) === undefined
  );
}

/** Returns the file of the first answer that has bytes to compare, and the answers that agree with it. */
export function firstFile(answers: readonly FirstAnswer[]): Agreed | undefined {
  const first = answers.find(({ answer: { type }, size, digest }) =>
    digest !== undefined && (type === "whole" || (type === "partial" && size !== undefined))
  );
  return first && agreedOn(first, answers);
}

/**
 * Returns which answers agree with a file that is being delivered; a tie if more that have another one
 * agree with one another.
 */
export function unlessOutvoted(
  answers: readonly FirstAnswer[],
  { size, digest, hashes }: FileFacts,
): Agreement<FirstAnswer> {
  const agreeing = alike(answers, { size, digest, hashes });
  const others = answers.filter((answer) => !agreeing.includes(answer));
  // If the size is unknown, the first bytes decide.
  const rivals = size === undefined ? others.map((one) => ({ ...one, size })) : others;
  const rival = rivals.length > 0 ? agree(rivals, 0) : undefined;
  const isOutvoted = rival?.type === "agreed" && rival.agreeing.length > agreeing.length;
  return isOutvoted ? { type: "tie" } : { type: "agreed", size, digest, hashes, agreeing };
}

/** Returns what a file is that was decided on, and the answers that agree with it. */
export function agreedOn(file: FileFacts, answers: readonly FirstAnswer[]): Agreed {
  const { size, digest, hashes } = file;
  return { type: "agreed", size, digest, hashes, agreeing: alike(answers, file) };
}

/** Returns the answers that agree with a file, by their first bytes where its size is unknown. */
function alike(answers: readonly FirstAnswer[], file: FileFacts): readonly FirstAnswer[] {
  return file.size === undefined ? likeFirstBytes(answers, file.digest) : likeFile(answers, file);
}

/** How messages name who says what the file is. */
const AGAINST: Readonly<Record<Against, readonly [who: string, have: string]>> = {
  most: ["most mirrors", "have"],
  known: ["the known file", "has"],
  first: ["the mirror that answered first", "has"],
  others: ["the other mirrors", "have"],
};

function dissent(
  { mirror, size, hashes }: FirstAnswer,
  agreed: FileFacts,
  against: Against,
): MirrorError {
  const { url } = mirror;
  const [most, have] = AGAINST[against];
  const differing = agreed.size === size
    ? hashError(mirror, hashes, agreed.hashes, `while ${most} ${have}`)
    : undefined;
  if (differing !== undefined) return differing;
  const message = size === agreed.size
    ? `has the same size as ${most}, but different content`
    : size === undefined
    ? "does not give the file's size, as other mirrors do"
    : `has ${size} bytes, while ${most} ${have} ${agreed.size ?? "a file of unknown size"}`;
  return new MirrorError(message, {
    mirror: url,
    phase: "headers",
    reason: "mismatch",
    retryable: false,
  });
}

/**
 * Returns the failure of a mirror whose hashes of the file contradict others; `whose` says whose these are,
 * like `while most mirrors have`. Returns `undefined` if they do not.
 */
export function hashError(
  mirror: Mirror,
  hashes: Hashes | undefined,
  others: Hashes | undefined,
  whose: string,
  reason: "mismatch" | "changed" = "mismatch",
): MirrorError | undefined {
  const type = contradiction(hashes, others);
  if (type === undefined) return undefined;
  const message = `says that the ${type} of the file is ${hashes![type]}, ${whose} ${
    others![type]
  }`;
  const facts = { mirror: mirror.url, phase: "headers", reason, retryable: false } as const;
  return new MirrorError(message, facts);
}

/** How messages name what a server may send instead of a file. */
const PAGES: Readonly<Record<Page["kind"], string>> = {
  html: "an HTML page",
  json: "a short JSON text",
  xml: "a short XML text",
  text: "a short text",
};

/** Returns the failure of a mirror that sent a web page, or an error text, instead of the file. */
function pageError({ mirror: { url }, page }: FirstAnswer, promised?: string): MirrorError {
  const { kind = "html", title } = page ?? {};
  const what = kind === "html" ? "a web page" : PAGES[kind];
  const advice = kind === "html"
    ? ": open the URL in a browser, where it may ask for a login or a confirmation"
    : "";
  const message = `sent ${what}${quoted(title)} instead of ${promised ?? "the file"}${advice}`;
  const facts = { mirror: url, phase: "body", reason: "html", retryable: false } as const;
  return new MirrorError(message, facts);
}

/**
 * Returns the mirrors whose answers are web pages where a name promised another kind of file, with their
 * failures.
 */
export function refusedPages(
  answers: readonly FirstAnswer[],
): readonly { readonly mirror: Mirror; readonly error: MirrorError }[] {
  const pages = answers.filter(({ page }) => page?.kind === "html");
  const promised = pages.find(({ page }) => page?.promised !== undefined)?.page?.promised;
  if (promised === undefined) return [];
  return pages.map((answer) => ({ mirror: answer.mirror, error: pageError(answer, promised) }));
}

export function pageNote({ mirror: { url }, page }: FirstAnswer): string {
  const { kind = "html", title } = page ?? {};
  const shown = title === undefined ? "" : `, “${title}”`;
  return `the file is ${PAGES[kind]}${shown}: ${url} may have sent it instead of another file`;
}

function quoted(title: string | undefined): string {
  return title === undefined ? "" : ` (“${title}”)`;
}
