/**
 * Holds the text of a picture or a page to what a parser would take.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

const VOID = new Set(["meta"]);

/** Throws for text that no XML parser would take: open elements, attributes given twice. */
export function assertWellFormed(markup: string): void {
  const open: string[] = [];
  for (const [tag, end, name = "", rest = ""] of markup.matchAll(/<(\/?)(\w+)([^<>]*)>/g)) {
    if (end) assertEquals(open.pop(), name);
    else if (!rest.endsWith("/") && !VOID.has(name)) open.push(name);
    const attributes = [...rest.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key]) => key);
    assertEquals(new Set(attributes).size, attributes.length, tag);
  }
  assertEquals(open, []);
  assertEquals(/NaN|Infinity|undefined/.exec(markup), null);
}
