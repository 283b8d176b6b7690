/**
 * Expands URL patterns as curl does: `{a,b}`, `[1-3]`, `[001-100:10]` and `[a-z]`, any number of them in
 * one URL. A backslash escapes a bracket; IPv6 addresses are not patterns.
 *
 * Own code because `expandGlob` and `globToRegExp` of `@std` match existing names: they cannot list
 * the expansions of a pattern, and have no ranges of numbers with a step.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { redactUrl } from "../../http/redact.ts";

/** The maximum number of URLs that one pattern may expand to. */
export const MOST_URLS = 256;

/** A part of a pattern: each URL has one of these texts in its place. */
type Choices = readonly string[];

/** An IPv6 address in brackets: without a hyphen, and with at least two colons. */
const IPV6 = /\[(?=[^\]]*:[^\]]*:)[0-9a-f:.]+(?:%25[^\]\s]+)?\]/iy;
/** `[1-3:2]` after its bracket; curl allows blanks after the hyphen. */
const NUMBERS = /(\d+)-[ \t]*(\d+)(?::(\d+))?\]/y;
/** `[a-e:2]` after its bracket. */
const LETTERS = /([a-z])-([a-z])(?::(\d+))?\]/iy;
const UNESCAPED = /[^\\{}[\]]|\\[{}[\]]?/y;

/**
 * Returns the URLs that a pattern expands to; its last part changes fastest.
 *
 * @throws {CommandError} the pattern is invalid; names the position
 */
export function expandUrlPattern(text: string): string[] {
  const parts = new Parser(text).parse();
  const count = parts.reduce((product, choices) => product * choices.length, 1);
  if (count > MOST_URLS) throw tooMany(text);
  return parts.reduce<string[]>(
    (urls, choices) => urls.flatMap((url) => choices.map((choice) => url + choice)),
    [""],
  );
}

class Parser {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Choices[] {
    const parts: Choices[] = [];
    while (this.#position < this.#text.length) {
      const character = this.#text[this.#position]!;
      if (character === "{") parts.push(this.#set());
      else if (character === "[") parts.push(this.#bracket());
      else if (character === "}" || character === "]") throw this.#error(`unmatched ${character}`);
      else parts.push([this.#literal()]);
    }
    return parts;
  }

  /** Parses text up to the next bracket. */
  #literal(): string {
    let literal = "";
    for (let match; (match = this.#match(UNESCAPED)) !== undefined;) {
      literal += match[0].length === 2 ? match[0][1] : match[0];
    }
    return literal;
  }

  /** Parses `{a,b}`, in which a backslash escapes any character. */
  #set(): Choices {
    const opening = this.#position++;
    const choices = [""];
    for (;;) {
      const character = this.#text[this.#position];
      if (character === undefined) throw this.#error("unmatched {", opening);
      if (character === "{" || character === "[") {
        throw this.#error(`${character} inside braces: patterns cannot be nested`);
      }
      if (character === "]") throw this.#error("unexpected ] inside braces");
      this.#position++;
      if (character === "}") break;
      if (character === ",") choices.push("");
      else choices[choices.length - 1] += character === "\\" ? this.#escaped() : character;
    }
    if (choices.length === 1 && choices[0] === "") throw this.#error("empty braces", opening);
    return choices;
  }

  /** Returns the character after a backslash; the backslash itself at the end. */
  #escaped(): string {
    return this.#text[this.#position++] ?? "\\";
  }

  /** Parses an IPv6 address, `[]`, or a range. */
  #bracket(): Choices {
    const address = this.#match(IPV6);
    if (address !== undefined) return [address[0]];
    const opening = this.#position++;
    if (this.#text[this.#position] === "]") {
      this.#position++;
      return ["[]"];
    }
    const numbers = this.#match(NUMBERS);
    if (numbers !== undefined) return this.#numbers(numbers, opening);
    const letters = this.#match(LETTERS);
    if (letters !== undefined) return this.#letters(letters, opening);
    if (!this.#text.includes("]", opening)) throw this.#error("unmatched [", opening);
    throw this.#error("bad range", opening, "it must be like [1-10], [001-100:5] or [a-z]");
  }

  #numbers([, first = "", last = "", step = "1"]: RegExpExecArray, opening: number): Choices {
    // Leading zeros of the first number set the width of all numbers.
    const width = first.startsWith("0") ? first.length : 0;
    const values = this.#steps(Number(first), Number(last), Number(step), opening);
    return values.map((value) => String(value).padStart(width, "0"));
  }

  #letters([, first = "", last = "", step = "1"]: RegExpExecArray, opening: number): Choices {
    const [from, to] = [first.charCodeAt(0), last.charCodeAt(0)];
    // Between Z and a, there are characters that are not letters.
    if ((first < "a") !== (last < "a")) {
      throw this.#error("bad range", opening, "both letters must have the same case");
    }
    return this.#steps(from, to, Number(step), opening).map((code) => String.fromCharCode(code));
  }

  #steps(first: number, last: number, step: number, opening: number): number[] {
    if (!Number.isSafeInteger(last) || !Number.isSafeInteger(first)) {
      throw this.#error("bad range", opening, "its numbers are too large");
    }
    if (first > last) throw this.#error("bad range", opening, "its end is less than its start");
    if (step < 1 || (first === last ? step !== 1 : step > last - first)) {
      throw this.#error("bad range", opening, `its step must be from 1 to ${last - first || 1}`);
    }
    const count = Math.floor((last - first) / step) + 1;
    // Checked here, before a huge list is allocated.
    if (count > MOST_URLS) throw tooMany(this.#text);
    return Array.from({ length: count }, (_, index) => first + index * step);
  }

  /** Matches the expression at the current position and moves past the match. */
  #match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#position;
    const match = expression.exec(this.#text) ?? undefined;
    this.#position += match?.[0].length ?? 0;
    return match;
  }

  #error(what: string, position = this.#position, needed?: string): Error {
    return usageError(
      `${what} at position ${position + 1} of the URL ${shown(this.#text)}` +
        (needed === undefined ? `; escape a literal bracket with \\` : `; ${needed}`),
    );
  }
}

function tooMany(text: string): Error {
  return usageError(`the URL ${shown(text)} expands to more than ${MOST_URLS} URLs`);
}

function shown(text: string): string {
  return `"${redactUrl(text)}"`;
}
