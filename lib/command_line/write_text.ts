/**
 * Writing to stdout and stderr. It never fails: where nobody reads, nobody needs to be told.
 *
 * @module
 */

/** Writes a text, whole. */
export function writeText(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.byteLength > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch {
    // Closed, or full and not to be waited for.
  }
}
