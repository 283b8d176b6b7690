/**
 * Reads a trace that `--trace FILE` wrote. Ignores what a newer sphttp added to events, and an
 * unfinished last line, as a killed process leaves it. Other errors name the line.
 *
 * @module
 */

import type { TraceEvent } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { parseJson } from "../../command_line/json.ts";
import type { Recording } from "../plot/trace_report.ts";
import { readError, reason } from "../failure/exit_code.ts";
import { printable, truncate } from "../../command_line/terminal_text.ts";
import type { StartLine } from "../output/trace_file.ts";

const VERSION = 1;
/** Maximum number of characters in a line. */
const MAX_LINE = 4 * 1024 * 1024;
const HOW = "a trace is what sphttp --trace FILE writes";

/** Reads a trace from a file, or from stdin for `-`. Rejects with exit code 26 if that fails. */
export async function loadTrace(path: string): Promise<Recording> {
  const name = path === "-" ? "stdin" : printable(path);
  try {
    const source = path === "-" ? Deno.stdin.readable : (await Deno.open(path)).readable;
    return await readTrace(source, name);
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw readError(`cannot read ${name}: ${reason(cause)}`, cause);
  }
}

/**
 * Reads a trace from its bytes; `name` is its name in messages.
 *
 * @throws {CommandError} it is not a trace, of another version, or damaged
 */
export async function readTrace(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): Promise<Recording> {
  let start: StartLine | undefined;
  const events: TraceEvent[] = [];
  let torn = false;
  for await (const lines of linesOf(bytes, name)) {
    for (const { number, text, complete } of lines) {
      const value = parse(text);
      if (start === undefined) {
        start = readStart(value, name, !complete && text.startsWith('{"type":"start"'));
      } else if (value === undefined && !complete) {
        torn = true;
      } else {
        const event = readEvent(value, `${name}, line ${number}`);
        if (event !== undefined) events.push(event);
      }
    }
  }
  if (start === undefined) throw readError(`${name} is empty; ${HOW}`);
  if (!events.some(({ type }) => type === "receive")) {
    throw readError(`${name} has no received blocks${ending(events)}`);
  }
  const { sphttp, urls, splitSize, start: begin, options } = start;
  return { sphttp, urls, splitSize, start: begin, options: options ?? {}, events, torn };
}

interface Line {
  /** Number, from 1. */
  readonly number: number;
  readonly text: string;
  /** Whether it ends with a line end. */
  readonly complete: boolean;
}

/**
 * Splits bytes into lines; yields those that are not blank, as they come. `TextLineStream` bounds no line, and does
 * not report whether the last line has an end.
 */
async function* linesOf(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder();
  let number = 0;
  // A long line comes in many parts, and is searched for its end and joined once.
  let [rest, length]: [string[], number] = [[], 0];
  for await (const part of bytes) {
    const text = decoder.decode(part, { stream: true });
    const lines: Line[] = [];
    let from = 0;
    for (let end; (end = text.indexOf("\n", from)) >= 0; from = end + 1) {
      const last = text.slice(from, end);
      const line = length === 0 ? last : rest.join("") + last;
      if (length > 0) [rest, length] = [[], 0];
      number++;
      if (line.trim() !== "") lines.push({ number, text: line, complete: true });
    }
    if (from < text.length) rest.push(text.slice(from));
    length += text.length - from;
    if (lines.length > 0) yield lines;
    if (length > MAX_LINE) {
      throw readError(`${name} is not a trace: line ${number + 1} is too long; ${HOW}`);
    }
  }
  const text = rest.join("") + decoder.decode();
  if (text.trim() !== "") yield [{ number: ++number, text, complete: false }];
}

/** Parses a line; returns `undefined` if it is not JSON. */
function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function readStart(value: unknown, name: string, unfinished: boolean): StartLine {
  if (unfinished && value === undefined) {
    throw readError(`${name} ends in its first line; there is nothing to analyze`);
  }
  const line = objectOf(value);
  if (line?.type !== "start" || !isWhole(line.version) || line.version < 1) {
    throw readError(`${name} is not a trace: its first line is not a start line; ${HOW}`);
  }
  if (line.version > VERSION) {
    throw readError(
      `${name} is a trace of version ${line.version}, but this sphttp reads version ${VERSION}; ` +
        "a newer sphttp can read it",
    );
  }
  check(line, START_FIELDS, `${name}, line 1: the start`);
  return line as unknown as StartLine;
}

/** Returns the event of a line, or `undefined` if its type is unknown. */
function readEvent(value: unknown, where: string): TraceEvent | undefined {
  const event = objectOf(value);
  if (value === undefined) throw readError(`${where}: not JSON`);
  if (typeof event?.type !== "string") throw readError(`${where}: the event has no type`);
  if (event.type === "start") throw readError(`${where}: a second trace begins here`);
  if (!Object.hasOwn(EVENT_FIELDS, event.type)) return undefined;
  check(event, EVENT_FIELDS[event.type]!, `${where}: the ${event.type} event`);
  return event as unknown as TraceEvent;
}

/** What a field must be, and a function that checks it. */
type Check = readonly [wanted: string, is: (value: unknown) => boolean];

const TIME: Check = [
  "a number from 0 up",
  (value) => Number.isFinite(value) && value as number >= 0,
];
const WHOLE: Check = ["a whole number from 0 up", isWhole];
const SIZE: Check = ["a whole number from 1 up", (value) => isWhole(value) && value > 0];
const FLAG: Check = ["true or false", (value) => typeof value === "boolean"];
const MIRROR: Check = ["a URL", (value) => typeof value === "string" && URL.canParse(value)];
const TEXTS: Check = [
  "a list of URLs",
  (value) => Array.isArray(value) && value.every((url) => typeof url === "string"),
];
const TEXT: Check = ["a text", (value) => typeof value === "string"];
const OBJECT: Check = ["an object", (value) => objectOf(value) !== undefined];
const OUTCOME: Check = [
  "complete, failed or cancelled",
  (value) => value === "complete" || value === "failed" || value === "cancelled",
];

const optional = ([wanted, is]: Check): Check => [
  wanted,
  (value) => value === undefined || is(value),
];

const START_FIELDS: Readonly<Record<string, Check>> = {
  sphttp: optional(TEXT),
  urls: TEXTS,
  splitSize: SIZE,
  start: WHOLE,
  options: optional(OBJECT),
};

/** The fields that the analysis uses. */
const EVENT_FIELDS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  send: { atMs: TIME, block: WHOLE, mirror: MIRROR, request: WHOLE, duplicate: FLAG },
  cancel: { atMs: TIME, mirror: MIRROR, request: WHOLE },
  receive: { atMs: TIME, block: WHOLE, mirror: MIRROR, bytes: WHOLE },
  open: { atMs: TIME, size: optional(WHOLE) },
  mirror: { atMs: TIME, mirror: MIRROR },
  lanes: { atMs: TIME, mirror: MIRROR, lanes: SIZE },
  failure: { atMs: TIME, mirror: MIRROR },
  note: { atMs: TIME },
  end: { atMs: TIME, outcome: OUTCOME, bytes: optional(OBJECT) },
};

function check(
  record: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Check>>,
  what: string,
): void {
  for (const [field, [wanted, is]] of Object.entries(fields)) {
    const value = record[field];
    if (is(value)) continue;
    throw readError(
      value === undefined
        ? `${what} has no ${field}, but ${wanted} is needed`
        : `${what} has ${shown(value)} as its ${field}, but ${wanted} is needed`,
    );
  }
}

/** Returns how a download without received blocks ended. */
function ending(events: readonly TraceEvent[]): string {
  const end = events.findLast((event) => event.type === "end");
  const failure = events.findLast((event) => event.type === "failure");
  const why = failure === undefined ? "" : `: ${truncate(printable(String(failure.message)), 200)}`;
  return end === undefined ? "" : `; the download ${VERBS[end.outcome]}${why}`;
}

const VERBS = { complete: "was complete", failed: "failed", cancelled: "was cancelled" } as const;

function shown(value: unknown): string {
  return truncate(printable(JSON.stringify(value)), 40);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : undefined;
}
