/**
 * URL patterns as curl has them: `{a,b}`, `[1-3]`, `[001-100:10]` and `[a-z]`, several of them in one
 * URL. What they give are URLs of mirrors of one file. A backslash takes the meaning from a bracket;
 * IPv6 addresses are left as they are.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { redactUrl } from "../../http/redact.ts";

/** The most URLs that one pattern may stand for. */
export const MOST_URLS = 256;

/** A part of a pattern: a list of texts, of which each URL has one. */
type Choices = readonly string[];

/** An IPv6 address in its brackets: no hyphen, and two colons at least. */
const IPV6 = /\[(?=[^\]]*:[^\]]*:)[0-9a-f:.]+(?:%25[^\]\s]+)?\]/iy;
/** The inside of `[1-3:2]`; curl lets blanks stand behind the hyphen. */
const NUMBERS = /(\d+)-[ \t]*(\d+)(?::(\d+))?\]/y;
/** The inside of `[a-e:2]`. */
const LETTERS = /([a-z])-([a-z])(?::(\d+))?\]/iy;
const UNESCAPED = /[^\\{}[\]]|\\[{}[\]]?/y;

/** The URLs that a pattern stands for; the last part of it changes fastest. */
export function expandUrlPattern(text: string): string[] {
  const parts = new Parser(text).parse();
  const count = parts.reduce((product, choices) => product * choices.length, 1);
  if (count > MOST_URLS) throw tooMany(text);
  return parts.reduce<string[]>(
    (urls, choices) => urls.flatMap((url) => choices.map((choice) => url + choice)),
    [""],
  );
}

/** Reads one pattern from its beginning to its end. */
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

  /** Text up to the next bracket. */
  #literal(): string {
    let literal = "";
    for (let match; (match = this.#match(UNESCAPED)) !== undefined;) {
      literal += match[0].length === 2 ? match[0][1] : match[0];
    }
    return literal;
  }

  /** `{a,b}`; within it a backslash takes the meaning from any character. */
  #set(): Choices {
    const opening = this.#position++;
    const choices = [""];
    for (;;) {
      const character = this.#text[this.#position];
      if (character === undefined) throw this.#error("unmatched {", opening);
      if (character === "{" || character === "[") {
        throw this.#error(`${character} within braces: patterns cannot be nested`);
      }
      if (character === "]") throw this.#error("unexpected ] within braces");
      this.#position++;
      if (character === "}") break;
      if (character === ",") choices.push("");
      else choices[choices.length - 1] += character === "\\" ? this.#escaped() : character;
    }
    if (choices.length === 1 && choices[0] === "") throw this.#error("empty braces", opening);
    return choices;
  }

  /** What stands behind a backslash; the backslash itself where nothing does. */
  #escaped(): string {
    return this.#text[this.#position++] ?? "\\";
  }

  /** An IPv6 address, `[]`, or a range. */
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
    throw this.#error("bad range", opening, "[1-10], [001-100:5] or [a-z] is needed");
  }

  #numbers([, first = "", last = "", step = "1"]: RegExpExecArray, opening: number): Choices {
    // Zeros before the first number set the width of all of them.
    const width = first.startsWith("0") ? first.length : 0;
    const values = this.#steps(Number(first), Number(last), Number(step), opening);
    return values.map((value) => String(value).padStart(width, "0"));
  }

  #letters([, first = "", last = "", step = "1"]: RegExpExecArray, opening: number): Choices {
    const [from, to] = [first.charCodeAt(0), last.charCodeAt(0)];
    // From an upper to a lower case letter there are signs that are no letters between them.
    if ((first < "a") !== (last < "a")) {
      throw this.#error("bad range", opening, "letters of one case are needed");
    }
    return this.#steps(from, to, Number(step), opening).map((code) => String.fromCharCode(code));
  }

  #steps(first: number, last: number, step: number, opening: number): number[] {
    if (!Number.isSafeInteger(last) || !Number.isSafeInteger(first)) {
      throw this.#error("bad range", opening, "its numbers are too large");
    }
    if (first > last) throw this.#error("bad range", opening, "it goes downwards");
    if (step < 1 || (first === last ? step !== 1 : step > last - first)) {
      throw this.#error("bad range", opening, `its step must be from 1 to ${last - first || 1}`);
    }
    const count = Math.floor((last - first) / step) + 1;
    // Before a list is made that fills the memory.
    if (count > MOST_URLS) throw tooMany(this.#text);
    return Array.from({ length: count }, (_, index) => first + index * step);
  }

  /** What the expression matches here; goes on behind it. */
  #match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#position;
    const match = expression.exec(this.#text) ?? undefined;
    this.#position += match?.[0].length ?? 0;
    return match;
  }

  #error(what: string, position = this.#position, needed?: string): Error {
    return usageError(
      `${what} at position ${position + 1} of the URL ${shown(this.#text)}` +
        (needed === undefined ? `; \\ before a bracket takes its meaning away` : `; ${needed}`),
    );
  }
}

function tooMany(text: string): Error {
  return usageError(`the URL ${shown(text)} stands for more than ${MOST_URLS} URLs`);
}

function shown(text: string): string {
  return `"${redactUrl(text)}"`;
}
