/**
 * What a parser of text from outside must keep: it returns, or throws an error that it declares, and its work
 * grows with the length of the text, not with its square.
 *
 * @module
 */

/** A parser of text from outside. */
export interface Parser {
  readonly name: string;
  /** Pieces of which its texts are made, so that random ones get past its first character. */
  readonly pieces: readonly string[];
  /** Parses a text; may throw what `declares` has. */
  readonly parse: (text: string) => unknown;
  /** The classes of the errors that it declares. */
  readonly declares: readonly ErrorClass[];
  /** Texts of about `length` characters that are hard to parse. */
  readonly hard: readonly HardText[];
}

type ErrorClass = abstract new (...args: never[]) => Error;

/** A text of any length: `before`, `repeated` as often as fits, and `after`. */
export interface HardText {
  readonly before: string;
  readonly repeated: string;
  readonly after: string;
}

/** Returns a hard text: `"before|repeated|after"`. */
export function hard(pattern: string): HardText {
  const [before = "", repeated = "", after = ""] = pattern.split("|");
  return { before, repeated, after };
}

/** Returns a text of about `length` characters. */
export function pump({ before, repeated, after }: HardText, length: number): string {
  return before + repeated.repeat(Math.ceil(length / repeated.length)) + after;
}

/** Words of errors that the platform throws for a mistake in the code. */
const MISTAKE =
  /cannot read|is not a function|is not iterable|undefined \(|call stack|invalid regular/i;

/** Returns an error that the parser does not declare, `undefined` if it returns or throws what it declares. */
export async function undeclared(
  { parse, declares }: Parser,
  text: string,
): Promise<Error | undefined> {
  try {
    await parse(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) return new Error(`threw ${String(error)}`);
    const isDeclared = declares.some((one) => error instanceof one) && !MISTAKE.test(error.message);
    return isDeclared ? undefined : error;
  }
}
