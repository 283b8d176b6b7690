/**
 * Parses JSON from outside. `JSON.parse()` takes a hundred times as long for each list or object within another
 * as for a character of text: a file of nothing but brackets would hold everything up.
 *
 * @module
 */

/** What is kept as JSON here has a few. */
const MAX_DEPTH = 1000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** What brackets and braces have in common: one bit tells them apart. */
const BRACE = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/**
 * Parses JSON.
 *
 * @throws {TypeError} it is none, or has over 1000 lists and objects within each other; says nothing of what is
 * in it, as the error of `JSON.parse()` does
 */
export function parseJson(text: string): unknown {
  if (text.length > MAX_DEPTH && isDeep(text)) {
    throw new TypeError(`more than ${MAX_DEPTH} lists and objects within each other`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError("not JSON");
  }
}

function isDeep(text: string): boolean {
  let [depth, inString] = [0, false];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) inString = !inString;
    else if (code === BACKSLASH) at++;
    else if (inString) continue;
    else if ((code | BRACE) === CLOSING) depth--;
    else if ((code | BRACE) === OPENING && ++depth > MAX_DEPTH) return true;
  }
  return false;
}
