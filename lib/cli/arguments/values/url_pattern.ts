/**
 * Expands URL patterns as curl does: `{a,b}`, `[1-3]`, `[001-100:10]` and `[a-z]`, any number of them in
 * one URL. What is no such pattern stands for itself, so that addresses may be pasted as they are:
 * `[1080p]`, `args[0]`, `{id}`, IPv6 addresses. A backslash before a bracket or brace makes it literal.
 *
 * Own code because `expandGlob` and `globToRegExp` of `@std` match existing names: they cannot list
 * the expansions of a pattern, and have no ranges of numbers with a step.
 *
 * @module
 */

import { usageError } from "../../../command_line/command_error.ts";
import { redactUrl } from "../../../http/address/redact.ts";

/** The maximum number of URLs that one pattern may expand to. */
export const MOST_URLS = 256;

/** A part of a pattern: each URL has one of these texts in its place. */
type Choices = readonly string[];

/** `[1-3:2]`; curl allows blanks after the hyphen. */
const NUMBERS = /\[(\d+)-[ \t]*(\d+)(?::(\d+))?\]/y;
/** `[a-e:2]`. */
const LETTERS = /\[([a-z])-([a-z])(?::(\d+))?\]/iy;
/** Braces around at least two texts, in which a backslash escapes any character. */
const SET = /\{((?:[^\\{}[\],]|\\.)*(?:,(?:[^\\{}[\],]|\\.)*)+)\}/sy;
/** An object in JSON, as it stands in queries, is no set. */
const JSON_START = /^\s*("|%22)/i;
const LITERAL = /\\([{}[\]])|[^\\{}[\]]+/y;
const INVISIBLE = /[\s\u200b-\u200d\u2060]/u;

/** Returns the URLs of a command line: without blanks around them, expanded unless `--globoff` is given. */
export function parseUrls(
  texts: readonly string[],
  { has }: { readonly has: (name: "globoff") => boolean },
): string[] {
  const urls = texts.map(trimUrl);
  return has("globoff") ? urls : urls.flatMap(expandUrlPattern);
}

/** Returns a URL without what is invisible around it, as it comes along when text is copied. */
export function trimUrl(text: string): string {
  let end = text.length;
  // An expression for the end would look at each run of blanks in the middle from each of its characters.
  while (end > 0 && INVISIBLE.test(text[end - 1]!)) end--;
  let start = 0;
  while (start < end && INVISIBLE.test(text[start]!)) start++;
  return text.slice(start, end);
}

/**
 * Returns the URLs that a pattern expands to; its last part changes fastest.
 *
 * @throws {CommandError} there are too many
 */
export function expandUrlPattern(text: string): string[] {
  return parse(text).reduce<string[]>(
    (urls, choices) => urls.flatMap((url) => choices.map((choice) => url + choice)),
    [""],
  );
}

function parse(text: string): Choices[] {
  const parts: Choices[] = [];
  let [literal, position, count] = ["", 0, 1];
  while (position < text.length) {
    const found = read();
    if (found === undefined) {
      const [all, escaped = all] = matchAt(LITERAL) ?? [text[position]!];
      position += all.length;
      literal += escaped;
    } else if (found.length === 1) {
      literal += found[0];
    } else {
      count *= found.length;
      // At once: a text can have a million of them.
      if (count > MOST_URLS) throw tooMany(text);
      parts.push([literal], found);
      literal = "";
    }
  }
  return [...parts, [literal]];

  /** Moves past a pattern, if one begins here. */
  function read(): Choices | undefined {
    if (text[position] === "{") return take(SET, set);
    if (text[position] === "[") return take(NUMBERS, numbers) ?? take(LETTERS, letters);
    return undefined;
  }

  /** Moves past a pattern, unless it is none after all. */
  function take(
    expression: RegExp,
    choicesOf: (match: RegExpExecArray, text: string) => Choices | undefined,
  ): Choices | undefined {
    const match = matchAt(expression);
    const choices = match && choicesOf(match, text);
    if (choices !== undefined) position += match![0].length;
    return choices;
  }

  function matchAt(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = position;
    return expression.exec(text) ?? undefined;
  }
}

function numbers(match: RegExpExecArray, text: string): Choices | undefined {
  const [, first = "", last = "", step = "1"] = match;
  // Leading zeros of the first number set the width of all numbers.
  const width = first.startsWith("0") ? first.length : 0;
  const values = steps(Number(first), Number(last), Number(step), text);
  return values?.map((value) => String(value).padStart(width, "0"));
}

function letters(match: RegExpExecArray, text: string): Choices | undefined {
  const [, first = "", last = "", step = "1"] = match;
  // Between Z and a, there are characters that are not letters.
  if ((first < "a") !== (last < "a")) return undefined;
  const codes = steps(first.charCodeAt(0), last.charCodeAt(0), Number(step), text);
  return codes?.map((code) => String.fromCharCode(code));
}

/** Returns the numbers of a range; `undefined` if it is none, like `[2026-01]`. */
function steps(first: number, last: number, step: number, text: string): number[] | undefined {
  if (!Number.isSafeInteger(last) || first > last || step < 1) return undefined;
  if (first === last ? step !== 1 : step > last - first) return undefined;
  const count = Math.floor((last - first) / step) + 1;
  // Checked here, before a huge list is allocated.
  if (count > MOST_URLS) throw tooMany(text);
  return Array.from({ length: count }, (_, index) => first + index * step);
}

function set([, content = ""]: RegExpExecArray, text: string): Choices | undefined {
  if (JSON_START.test(content)) return undefined;
  const choices = [""];
  for (const [token, escaped] of content.matchAll(/\\(.)|,|[^\\,]+/gsu)) {
    if (choices.length > MOST_URLS) throw tooMany(text);
    if (token === ",") choices.push("");
    else choices.push(choices.pop() + (escaped ?? token));
  }
  return choices;
}

function tooMany(text: string): Error {
  return usageError(
    `the URL "${redactUrl(text)}" expands to more than ${MOST_URLS} URLs; ` +
      "--globoff takes brackets and braces literally",
  );
}
