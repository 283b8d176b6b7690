/**
 * A client for the lab's own tests.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type Content, randomContent } from "./content.ts";
import { type LabMirror, type MirrorOptions, startMirror } from "./mirror_lab.ts";

/** Size of the test file, in bytes. */
export const SIZE = 300_000;
/** The test file. */
export const content: Content = randomContent(SIZE);

/** Runs a function with a mirror of the test file and an HTTP client, which are closed afterwards. */
export async function withMirror(
  options: Partial<MirrorOptions>,
  run: (mirror: LabMirror, ask: Ask) => Promise<void>,
): Promise<void> {
  await using mirror = await startMirror({ content, ...options });
  using client = Deno.createHttpClient({});
  await run(mirror, (range, init = {}) => {
    const headers = new Headers(init.headers);
    if (range !== undefined) headers.set("range", range);
    return fetch(init.url ?? mirror.url, { ...init, headers, client });
  });
}

/** Requests the file of the mirror, or a range of it. */
export type Ask = (range?: string, init?: RequestInit & { url?: string }) => Promise<Response>;

/** Reads a body until it ends or fails. */
export async function readAll(response: Response): Promise<{ bytes: Uint8Array; error?: unknown }> {
  const parts: Uint8Array[] = [];
  const joined = () => new Uint8Array(parts.flatMap((part) => [...part]));
  try {
    for await (const part of response.body ?? []) parts.push(part);
  } catch (error) {
    return { bytes: joined(), error };
  }
  return { bytes: joined() };
}

/** Returns how a connection ends that requests 100 kB; `fetch` does not tell a reset from an early end. */
export async function endOfConnection(mirror: LabMirror, afterHead?: () => void): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: mirror.port });
  const request = "GET /file.bin HTTP/1.1\r\nHost: x\r\nRange: bytes=0-99999\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(64 * 1024);
  try {
    await connection.read(buffer);
    afterHead?.();
    while (await connection.read(buffer) !== null);
    return "end";
  } catch (error) {
    return error instanceof Deno.errors.ConnectionReset ? "reset" : String(error);
  }
}

/** Reads that many bytes, then returns what the next read does within `waitMs`. */
export async function readThenWait(
  response: Response,
  length: number,
  waitMs: number,
): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("There is no body");
  let count = 0;
  while (count < length) count += (await reader.read()).value?.length ?? 0;
  assertEquals(count, length);
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(resolve, waitMs, "silence");
  const next = await Promise.race([promise, reader.read().then(() => "more", () => "error")]);
  clearTimeout(timer);
  await reader.cancel();
  return next;
}

/** Asserts that `actual` is `[start, end)` of the test file. */
export function sameBytes(actual: Uint8Array, start: number, end: number): void {
  assertEquals(actual.length, end - start);
  const expected = content.read(start, end);
  assert(actual.every((byte, i) => byte === expected[i]), `not the bytes [${start}, ${end})`);
}

/** Polls a condition in each turn of the event loop; returns its value. */
export async function until<T>(condition: () => T | undefined): Promise<T> {
  for (;;) {
    const value = condition();
    if (value !== undefined) return value;
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 0);
    await promise;
  }
}
