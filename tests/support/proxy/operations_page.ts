/**
 * Reads the configuration in docs/operations.md, so that tests run what the page shows.
 *
 * @module
 */

import { assert } from "@std/assert";
import { ROOT } from "./proxy_child.ts";

/** The page. */
export const OPERATIONS: string = Deno.readTextFileSync(new URL("docs/operations.md", ROOT));

/** Returns the code blocks of a language, in order. */
export function codeBlocks(language: string): string[] {
  const blocks = OPERATIONS.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...blocks].flatMap(([, name, text]) => name === language ? [text!] : []);
}

/** Returns the first cells of the rows of tables that are code, each with the other cells of its row. */
export function tableRows(): Map<string, readonly string[]> {
  const rows = new Map<string, readonly string[]>();
  for (const [, line] of OPERATIONS.matchAll(/^\|(.*)\|$/gm)) {
    const [first = "", ...others] = line!.split("|").map((cell) => cell.trim());
    const [, name] = /^`([^`]+)`$/.exec(first) ?? [];
    if (name !== undefined) rows.set(name, others);
  }
  return rows;
}

/** Replaces what differs in a test, each of which must be there. */
export function adapted(text: string, changes: Readonly<Record<string, string>>): string {
  let result = text;
  for (const [from, to] of Object.entries(changes)) {
    assert(result.includes(from), `"${from}" is not in:\n${text}`);
    result = result.replaceAll(from, to);
  }
  return result;
}
