/**
 * Writes to stdout and stderr; used by both commands.
 *
 * @module
 */

/** Writes the whole text. Ignores errors: if stderr is closed, there is nowhere to report them. */
export function writeText(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.byteLength > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch {
    // Closed, or full and non-blocking.
  }
}
