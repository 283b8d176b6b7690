import { assertEquals, assertRejects } from "@std/assert";
import { loadTrace, readTrace } from "../../../lib/cli/analyze/trace_reader.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { EVENTS, lines, receive, recording, SLOW } from "../../trace/sample.ts";
import { workplace } from "../../support/workplace.ts";

const TRACE = lines(recording());
const START = TRACE.slice(0, TRACE.indexOf("\n") + 1);

/** The bytes of a text, in parts of any size. */
async function* bytes(text: string, partSize = 1000): AsyncGenerator<Uint8Array> {
  const all = new TextEncoder().encode(text);
  for (let at = 0; at < all.length; at += partSize) yield await all.slice(at, at + partSize);
}

function read(text: string, partSize?: number) {
  return readTrace(bytes(text, partSize), "t.ndjson");
}

async function failure(text: string): Promise<string> {
  const error = await assertRejects(() => read(text), CommandError);
  assertEquals(error.exitCode, 26);
  return error.message;
}

Deno.test("readTrace() reads what was written, in parts of any size", async () => {
  for (const partSize of [1, 7, 64, 100_000]) {
    assertEquals(await read(TRACE, partSize), recording());
  }
});

Deno.test("readTrace() takes other line ends, empty lines, and a last line without an end", async () => {
  const events = [...EVENTS];
  assertEquals((await read(TRACE.replaceAll("\n", "\r\n"))).events, events);
  assertEquals((await read(TRACE.replaceAll("\n", "\n\n"))).events, events);
  const { events: all, torn } = await read(TRACE.trimEnd());
  assertEquals([all, torn], [events, false]);
});

Deno.test("readTrace() passes over events and fields that a newer sphttp adds", async () => {
  const unknown = JSON.stringify({ type: "constructor", atMs: 1000 });
  const later = JSON.stringify({ type: "later", atMs: 1000, request: 3, mirror: null });
  const text = `${TRACE}${unknown}\n${later}\n`.replace(
    '"type":"send"',
    '"reason":"x","type":"send"',
  );
  const { events } = await read(text);
  assertEquals(events.length, EVENTS.length);
  assertEquals((await read(TRACE.replace('"version":1', '"version":1,"more":[]'))).urls.length, 3);
});

Deno.test("readTrace() leaves out a last line that is torn, wherever it is", async () => {
  const last = TRACE.trimEnd().lastIndexOf("\n") + 1;
  for (let end = last + 1; end < TRACE.length - 1; end += 7) {
    const { events, torn } = await read(TRACE.slice(0, end));
    assertEquals([events.length, torn], [EVENTS.length - 1, true]);
  }
  const { events, torn } = await read(`${TRACE}\0\0\0\0`);
  assertEquals([events.length, torn], [EVENTS.length, true]);
});

Deno.test("readTrace() says what is wrong with a trace, and where", async () => {
  const how = "a trace is what sphttp --trace FILE writes";
  const noTrace = `t.ndjson is not a trace: its first line is not a start line; ${how}`;
  const table: [text: string, message: string][] = [
    ["", `t.ndjson is empty; ${how}`],
    ["\n \n", `t.ndjson is empty; ${how}`],
    ["hello", noTrace],
    ["hello\nworld\n", noTrace],
    ["[1]\n", noTrace],
    ['{"type":"send"}\n', noTrace],
    ['{"type":"start"}\n', noTrace],
    ['{"type":"start","version":0}\n', noTrace],
    ['{"type":"start","vers', "t.ndjson ends in its first line; there is nothing to analyze"],
    [
      START.replace('"version":1', '"version":2') + "whatever\n",
      "t.ndjson is a trace of version 2, but this sphttp reads version 1; a newer sphttp can read it",
    ],
    [
      START.replace('"splitSize":1000000', '"splitSize":"1M"'),
      't.ndjson, line 1: the start has "1M" as its splitSize, but a whole number from 1 up is needed',
    ],
    [
      START.replace(/"urls":\[.*?\],/, ""),
      "t.ndjson, line 1: the start has no urls, but a list of URLs is needed",
    ],
    [`${TRACE}{"type":"rec\n`, "t.ndjson, line 15: not JSON"],
    [`${TRACE}{"type":"rec\n${TRACE}`, "t.ndjson, line 15: not JSON"],
    [`${TRACE}7\n`, "t.ndjson, line 15: the event has no type"],
    [TRACE + TRACE, "t.ndjson, line 15: a second trace begins here"],
    [
      TRACE.replace('"block":2', '"block":-2'),
      "t.ndjson, line 6: the send event has -2 as its block, but a whole number from 0 up is needed",
    ],
    [
      TRACE.replace('"atMs":5000,', '"atMs":null,'),
      "t.ndjson, line 13: the receive event has null as its atMs, but a number from 0 up is needed",
    ],
    [
      TRACE.replace('"outcome":"complete"', `"outcome":"${"x".repeat(99)}"`),
      `t.ndjson, line 14: the end event has "${"x".repeat(38)}… as its outcome, ` +
      "but complete, failed or cancelled is needed",
    ],
    [
      `${START}${JSON.stringify({ ...receive(1, 0, SLOW), mirror: "__proto__" })}\n`,
      't.ndjson, line 2: the receive event has "__proto__" as its mirror, but a URL is needed',
    ],
    [START, "t.ndjson has no received blocks"],
    [
      lines(recording({ events: EVENTS.filter(({ type }) => type !== "receive") })),
      "t.ndjson has no received blocks; the download was complete: it broke",
    ],
    [
      lines(recording({ events: [{ type: "end", atMs: 1000, outcome: "failed" }] })),
      "t.ndjson has no received blocks; the download failed",
    ],
  ];
  for (const [text, message] of table) assertEquals(await failure(text), message);
});

Deno.test("readTrace() does not read a line without an end for ever", async () => {
  let parts = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; parts < 1000; parts++) yield await new Uint8Array(1024 * 1024);
  }
  const error = await assertRejects(() => readTrace(endless(), "x"), CommandError);
  assertEquals(error.exitCode, 26);
  assertEquals(parts < 10, true);
});

Deno.test("loadTrace() says why a file cannot be read", async () => {
  using place = workplace();
  for (const path of [place.at("none.ndjson"), place.path]) {
    const error = await assertRejects(() => loadTrace(path), CommandError);
    assertEquals(error.exitCode, 26);
    assertEquals(error.message.startsWith(`cannot read ${path}: `), true, error.message);
    assertEquals(error.message.split(path).length, 2, error.message);
  }
  place.write("t.ndjson", TRACE);
  assertEquals(await loadTrace(place.at("t.ndjson")), recording());
  place.write("bad.ndjson", `${START}x\n${TRACE}`);
  await assertRejects(
    () => loadTrace(place.at("bad.ndjson")),
    CommandError,
    "line 2: not JSON",
  );
});
