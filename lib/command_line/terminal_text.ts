/**
 * Fits text into the columns of a terminal, and keeps control characters away from it.
 *
 * Widths approximate Unicode Standard Annex 11, well enough for file names, not for every script:
 * `unicodeWidth()` of `@std/cli` is exact, but its npm package lacks the table it imports.
 *
 * @module
 */

/** Returns the size of the terminal, or a usual one if it does not say. */
export function terminalSize(): { readonly columns: number; readonly rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    return { columns: 80, rows: 24 };
  }
}

/** Returns a message with its lines broken to fit into the terminal, if stderr is one. */
export function fitToTerminal(text: string): string {
  return Deno.stderr.isTerminal() ? fitMessage(text, terminalSize().columns) : text;
}

const ZERO = /^[\p{M}\p{Cf}]$/u;
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]$/u;
const PLAIN = /^[\x20-\x7e]*$/;

/** Returns the number of columns that text without control characters occupies. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Returns the text in exactly `width` columns: cut with an ellipsis, or padded with spaces. */
export function fit(text: string, width: number): string {
  const cut = truncate(text, width);
  return cut + " ".repeat(Math.max(0, width - textWidth(cut)));
}

/** Returns the text in at most `width` columns, cut with an ellipsis if it is longer. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return "";
  let cut = "";
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

/** A terminal with fewer columns has not said how many it has. */
const LEAST_COLUMNS = 20;

/** Returns a message with its lines broken to fit into a terminal. */
export function fitMessage(text: string, columns: number): string {
  return columns < LEAST_COLUMNS ? text : wrapLines(text, columns - 1);
}

/**
 * Breaks lines that are wider at their spaces, and indents what follows by two columns more. A word that
 * is wider, such as a URL, stays whole: it can be copied.
 */
export function wrapLines(text: string, width: number): string {
  return text.split("\n").map((line) => wrapLine(line, width)).join("\n");
}

function wrapLine(line: string, width: number): string {
  if (textWidth(line) <= width) return line;
  const indent = `${/^ */.exec(line)![0]}  `;
  const lines: string[] = [];
  let [current, columns] = ["", 0];
  for (const word of line.split(/(?<=\S) /)) {
    const longer = columns + 1 + textWidth(word);
    if (current !== "" && longer <= width) [current, columns] = [`${current} ${word}`, longer];
    else {
      if (current !== "") lines.push(current);
      current = current === "" ? word : indent + word.trimStart();
      columns = textWidth(current);
    }
  }
  return [...lines, current].join("\n");
}

/** Replaces the characters that could control a terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

/** Does the same, but keeps line ends. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

function characterWidth(character: string): number {
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
