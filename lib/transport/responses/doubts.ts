/**
 * Settles what the headers of a part leave open, by asking the mirror once more: whether the total is the
 * size of the file, and whether the body is the part or the whole file. See `lib/http/response/part.ts`.
 *
 * @module
 */

import {
  parseContentRange,
  parseUnsatisfiedSize,
  readContentLength,
} from "../../http/byte_range.ts";
import type { FailureReason } from "../../errors.ts";
import { type BodyFrame, isWholeFile, partMessage } from "../../http/response/part.ts";
import {
  type Refusal,
  type RequestedRange,
  type UsableCheck,
  type UsableResponse,
  wrongTotal,
} from "../../http/response/response_check.ts";
import { type BodyReader, readAll } from "./body.ts";
import type { MirrorMemory } from "./mirror_memory.ts";
import { discard } from "./redirects.ts";
import { deferred } from "../../stand_ins.ts";
import { afterRunning } from "../../after_running.ts";

/** Sends a request to the mirror, without conditions, and waits for the response for up to `withinMs`. */
export type Ask = (requested: RequestedRange, withinMs?: number) => Promise<Response>;

/** Maximum number of bytes of a body that is held in memory while something is found out. */
const HOLDABLE = 64 * 1024;

/** While a body waits to be read, an answer to another request is waited for this long, in milliseconds. */
const ANSWER_MS = 5000;

/** A body that is longer than the part shows itself within this time of its first byte, in milliseconds. */
const MORE_MS = 300;

export interface DoubtTools {
  /** The body of the response. */
  readonly body: BodyReader;
  readonly ask: Ask;
  /** Remembers that a total is wrong: that of the response, or of another one with these headers. */
  readonly refute: (size: number | undefined, headers?: Headers) => void;
  readonly read: (stream: ReadableStream<Uint8Array<ArrayBuffer>>, frame: BodyFrame) => BodyReader;
  /** Creates the error to throw. */
  readonly fail: (reason: FailureReason, message: string) => Error;
}

/** What was requested, and whether the total in the response is to be verified. */
type Measured = RequestedRange & { readonly measures?: boolean | undefined };

type Part = Extract<UsableResponse, { type: "partial" }>;

/** What is certain of a response, and the body to read. */
interface Settled {
  readonly answer: UsableResponse;
  readonly body: BodyReader;
}

/**
 * Finds out what the headers of a part leave open, before its bytes are used, and remembers that of the
 * mirror. Returns what is certain; where it throws, the body is cancelled.
 */
export async function settleDoubt(
  memory: MirrorMemory,
  requested: Measured,
  { answer, doubt }: UsableCheck,
  tools: DoubtTools,
): Promise<Settled> {
  const { body } = tools;
  try {
    if (answer.type === "partial") return await settlePart(memory, requested, answer, doubt, tools);
    if (answer.type === "whole" && doubt?.type === "whole" && answer.size !== undefined) {
      await settleWhole(memory, answer.size, doubt.isPart, tools);
    }
    return { answer, body };
  } catch (error) {
    await body.cancel();
    throw error;
  }
}

/** Finds out whether a body of `size` bytes is the whole file. */
async function settleWhole(
  memory: MirrorMemory,
  size: number,
  isPart: boolean,
  { ask, fail }: DoubtTools,
): Promise<void> {
  if (memory.sendsWhole) return;
  const found = await findSize(ask, undefined, 0);
  if (found === size) memory.sendsWhole = true;
  else if (found !== undefined || isPart) throw fail("range", partMessage(size));
}

/** Finds out the size of the file of a part, and whether its body is the part. */
async function settlePart(
  memory: MirrorMemory,
  requested: Measured,
  answer: Part,
  doubt: UsableCheck["doubt"],
  { body, ask, refute, read, fail }: DoubtTools,
): Promise<Settled> {
  let held = body;
  const known = doubt?.type === "framing" && memory.sendsParts;
  if (doubt !== undefined && doubt.type !== "whole" && !known) {
    // A short body is read first, so that its connection serves for asking.
    if (answer.end - answer.start <= HOLDABLE) held = await hold(body, read);
    if (doubt.type === "total") {
      const { at, refuted } = doubt;
      const isShort = answer.size !== undefined && at < answer.size;
      const size = isShort
        ? await findEnd(memory, ask, answer.size, at)
        : await findSize(ask, refuted ? undefined : answer.size, at);
      if (refuted || size !== answer.size) refute(size);
      // Of a mirror that has another file, the total would be another.
      if (requested.size !== undefined && refuted && at > requested.size) {
        throw fail("mismatch", wrongTotal(requested.size, `sends ${at}`));
      }
      if (requested.size !== undefined && size !== answer.size && answer.size === requested.size) {
        throw fail("mismatch", wrongTotal(requested.size, `has none from byte ${at} on`));
      }
    } else {
      memory.sendsParts = await sendsParts(ask, requested.start);
      if (!memory.sendsParts) {
        throw fail("range", "sends the headers of a part, but perhaps the whole file");
      }
    }
  }
  if (requested.measures && memory.totals === "believed" && answer.size !== undefined) {
    if (held === body && answer.end - answer.start <= HOLDABLE) held = await hold(body, read);
    const size = await measure(ask, answer.size);
    if (size !== answer.size) refute(size);
  }
  const size = memory.totals === "believed" ? answer.size : memory.totals.size;
  if (requested.size !== undefined && size !== undefined && size !== requested.size) {
    throw fail("changed", `the file changed: it has ${size} bytes, not ${requested.size}`);
  }
  return { answer: { ...answer, size }, body: held };
}

/**
 * Throws if a mirror that answers 416 with another size than `size`, which is that of the file, goes on
 * saying `size` in its parts: that total is wrong, and the file has not changed.
 */
export async function settleRefusal(
  { size }: RequestedRange,
  status: number,
  refusal: Refusal,
  { ask, refute, fail }: Pick<DoubtTools, "ask" | "refute" | "fail">,
): Promise<void> {
  if (status !== 416 || refusal.size === undefined || size === undefined) return;
  const { headers, body } = await ask({ start: 0, end: 1, size: undefined }, ANSWER_MS);
  await discard(body);
  if (parseContentRange(headers.get("content-range"))?.size !== size) return;
  refute(refusal.size, headers);
  const shown = `has none from byte ${refusal.size} on (status ${status})`;
  throw fail("mismatch", wrongTotal(size, shown));
}

/** Reads a short body into memory. */
async function hold(body: BodyReader, read: DoubtTools["read"]): Promise<BodyReader> {
  const bytes = await readAll(body);
  return read(new Blob([bytes]).stream(), { skip: 0, length: bytes.byteLength, rest: "none" });
}

/**
 * Returns the size of a file whose mirror gave `total`, or something impossible (`undefined`); `at` is
 * the byte that does not exist if it was right. Returns `undefined` if the mirror does not tell.
 */
async function findSize(
  ask: Ask,
  total: number | undefined,
  at: number,
): Promise<number | undefined> {
  if (total !== undefined) {
    const { status, headers, body } = await ask({ start: at, end: at + 1, size: undefined });
    await discard(body);
    if (status === 416) {
      const size = parseUnsatisfiedSize(headers.get("content-range"));
      if (size === undefined || size === total) return total;
    }
  }
  return askSize(ask);
}

/**
 * Returns the size of a file whose mirror gave `total`, but sent all that follows, or less, up to the byte
 * `at`: `at` if the file ends there by what else the mirror says, else `total`. Remembers whether it sends
 * less at once.
 */
async function findEnd(
  memory: MirrorMemory,
  ask: Ask,
  total: number,
  at: number,
): Promise<number> {
  // A mirror that sends less at once goes on here; one that serves one request at a time may not answer.
  const rest = { start: at, end: undefined, form: "open", size: undefined } as const;
  const { status, headers, body } = await ask(rest, ANSWER_MS);
  await discard(body);
  // Without an answer, this download asks no more.
  memory.shortens = status === 206 ? "always" : "perhaps";
  if (status !== 416) return total;
  // The 416 may also be a limit.
  if (parseUnsatisfiedSize(headers.get("content-range")) === at) return at;
  return await askSize(ask) === at ? at : total;
}

/**
 * Returns the size of a file of which other mirrors say another one than `total`: by its last byte, and
 * one that does not exist, and by the length of the whole file. Returns `undefined` if the total is wrong,
 * but the mirror does not tell the size.
 */
async function measure(ask: Ask, total: number): Promise<number | undefined> {
  const { status, headers, body } = await ask({
    start: total - 1,
    end: total + 1,
    size: undefined,
  });
  const stated = parseContentRange(headers.get("content-range"));
  if (status === 206 && stated?.start === total - 1) {
    const isLonger = await countBytes(body, 3) === 2;
    if (!isLonger) return total;
    const size = await askSize(ask);
    return size !== undefined && size > total ? size : undefined;
  }
  await discard(body);
  if (status !== 416) return total;
  const said = parseUnsatisfiedSize(headers.get("content-range"));
  const size = said === undefined || said >= total ? await askSize(ask) : said;
  return size !== undefined && size < total ? size : total;
}

/** Returns the length of the whole file; `undefined` if the mirror does not tell. */
async function askSize(ask: Ask): Promise<number | undefined> {
  const { status, headers, body } = await ask({ start: 0, end: undefined, size: undefined });
  await discard(body);
  const stated = parseContentRange(headers.get("content-range"));
  const whole = status === 200 || (status === 206 && (stated === undefined || isWholeFile(stated)));
  return whole ? readContentLength(headers) : undefined;
}

/**
 * Reports whether the body of a part that begins at `start` is that part: a mirror that sends the whole
 * file instead goes on after the byte that is requested here.
 */
async function sendsParts(ask: Ask, start: number): Promise<boolean> {
  const { status, headers, body } = await ask({ start, end: start + 1, size: undefined });
  const stated = parseContentRange(headers.get("content-range"));
  const described = [200, 206].includes(status) && stated?.start === start;
  // With the right length it would show nothing: other requests get another one.
  const exact = readContentLength(headers) === 1;
  if (!described || exact) {
    await discard(body);
    return false;
  }
  return await countBytes(body, 2) === 1;
}

/** Returns the number of bytes of a body, as soon as it is `most`; one that falls silent has ended. */
async function countBytes(body: ReadableStream<Uint8Array> | null, most: number): Promise<number> {
  if (body === null) return 0;
  const reader = body.getReader();
  let stop = () => {};
  let bytes = 0;
  try {
    while (bytes < most) {
      const late = deferred();
      if (bytes > 0) stop = afterRunning(MORE_MS, late.resolve);
      const next = await Promise.race([reader.read().catch(() => undefined), late.promise]);
      stop();
      // It ended, broke off or fell silent.
      if (!next || next.done) break;
      bytes += next.value.byteLength;
    }
    return bytes;
  } finally {
    stop();
    await reader.cancel().catch(() => {});
  }
}

/** Adds a detail to a message, if there is one. */
export function withDetail(message: string, detail: string): string {
  return detail === "" ? message : `${message}; ${detail}`;
}
