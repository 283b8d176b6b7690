/**
 * What text files for people have: lines, whatever ends them, of which `TextLineStream` knows two line ends
 * only together, and backslashes before characters. Lines are yielded one after the other: a list of a
 * million empty ones takes longer than to parse them.
 *
 * @module
 */

/** A line of a text. */
export interface TextLine {
  /** Its number, from 1. */
  readonly number: number;
  /** What is in it, without its end. */
  readonly text: string;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Yields the lines of a text; what follows the last line end is one, too. Skips a byte order mark. */
export function* linesOf(text: string): Generator<TextLine> {
  let [from, number] = [text.startsWith("\ufeff") ? 1 : 0, 1];
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== LINE_FEED && code !== CARRIAGE_RETURN) continue;
    yield { number: number++, text: text.slice(from, at) };
    if (code === CARRIAGE_RETURN && text.charCodeAt(at + 1) === LINE_FEED) at++;
    from = at + 1;
  }
  yield { number, text: text.slice(from) };
}

/** Returns a text without the backslashes before characters; `escapes` has what some of them stand for. */
export function unescaped(text: string, escapes: Readonly<Record<string, string>>): string {
  let [result, from] = ["", 0];
  for (let at; (at = text.indexOf("\\", from)) >= 0 && at < text.length - 1; from = at + 2) {
    const character = text[at + 1]!;
    result += text.slice(from, at) + (escapes[character] ?? character);
  }
  return result + text.slice(from);
}
