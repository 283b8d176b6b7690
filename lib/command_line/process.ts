/**
 * What both commands use of their process: its environment and its standard streams.
 *
 * @module
 */

/** Returns an environment variable; `undefined` if it is not set, or may not be read without a prompt. */
export function environmentVariable(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

/** Writes the whole text. Ignores errors: if stderr is closed, there is nowhere to report them. */
export function writeText(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.byteLength > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch {
    // Closed, or full and non-blocking.
  }
}
