import { assertEquals } from "@std/assert";
import type { CancelEvent, TraceEvent } from "../../../mod.ts";
import { eventText, isNotable } from "../../../lib/cli/report/event_text.ts";

const mirror = "http://h/f";
const atMs = 1000;

const TABLE: [event: TraceEvent, text: string, notable: boolean][] = [
  [
    { type: "ask", atMs, mirror, request: 0, start: 10, end: 30 },
    "probing http://h/f with a request for bytes 10-29",
    false,
  ],
  [
    { type: "ask", atMs, mirror, request: 0, start: 7, end: undefined, form: "open" },
    "probing http://h/f with a request for bytes 7-",
    false,
  ],
  [
    { type: "ask", atMs, mirror, request: 0, start: 0, end: undefined },
    "probing http://h/f with a request for the whole file",
    false,
  ],
  [
    { type: "answer", atMs, mirror, request: 0, status: 200, size: undefined },
    "http://h/f answered 200: size unknown",
    false,
  ],
  [
    {
      ...{ type: "answer", atMs, mirror, request: 0, status: 206, size: 64e6 },
      etag: 'W/"a\x9b1m"',
      lastModified: "Sun, 06 Nov 1994 08:49:37 GMT",
      encoding: "gzip",
      location: "https://cdn.example/f",
    },
    'http://h/f answered 206: 64.0 MB, ETag W/"a\x9b1m", Last-Modified Sun, 06 Nov 1994 08:49:37 GMT, ' +
    "stored with Content-Encoding gzip, redirected to https://cdn.example/f",
    false,
  ],
  [
    { type: "open", atMs, size: 64e6, mode: "ranges" },
    "file size 64.0 MB; requesting ranges",
    false,
  ],
  [
    { type: "open", atMs, size: undefined, mode: "whole" },
    "file size unknown; streaming from one mirror, because no mirror serves ranges",
    false,
  ],
  [
    { type: "send", atMs, mirror, block: 2, request: 1, start: 20, end: 30, duplicate: false },
    "block 2 requested (bytes 20-29) from http://h/f",
    false,
  ],
  [
    { type: "send", atMs, mirror, block: 2, request: 1, start: 20, end: 30, duplicate: true },
    "block 2 requested once more (bytes 20-29) from http://h/f",
    false,
  ],
  ...([
    ["front", "block 2 requested, next in order (bytes"],
    ["ahead", "block 2 requested ahead of the front (bytes"],
    ["end", "block 2 requested near the end (bytes"],
    ["retry", "block 2 requested again (bytes"],
    ["duplicate", "block 2 requested once more, because it holds up the front (bytes"],
    ["steal", "block 2 requested instead of a mirror that is too slow (bytes"],
  ] as const).map(([reason, text]): [TraceEvent, string, boolean] => [
    {
      ...{ type: "send", atMs, mirror, block: 2, request: 1, start: 20, end: 30 },
      ...{ duplicate: reason === "duplicate" || reason === "steal", reason },
    },
    `${text} 20-29) from http://h/f`,
    false,
  ]),
  [
    { type: "receive", atMs, mirror, block: 2, bytes: 9 },
    "block 2 received from http://h/f",
    false,
  ],
  [
    { type: "mirror", atMs, mirror, state: "ready", message: "serves ranges" },
    "http://h/f: serves ranges",
    false,
  ],
  [
    { type: "mirror", atMs, mirror, state: "retired", message: "too slow" },
    "http://h/f: too slow (retired)",
    false,
  ],
  [
    { type: "mirror", atMs, mirror, state: "dropped", message: "http://h/f: status 404" },
    "mirror dropped: http://h/f: status 404",
    true,
  ],
  [
    { type: "failure", atMs, mirror, message: "http://h/f: status 503", retryInMs: 250 },
    "http://h/f: status 503; retrying in 0.3 s",
    false,
  ],
  [
    { type: "failure", atMs, mirror, message: "http://h/f: status 404", retryInMs: 0 },
    "http://h/f: status 404; retrying now",
    false,
  ],
  [
    { type: "failure", atMs, mirror, message: "http://h/f: status 404", retryInMs: undefined },
    "http://h/f: status 404",
    false,
  ],
  [
    { type: "lanes", atMs, mirror, lanes: 6, reason: "pauses" },
    `${mirror}: 6 requests at once: responses pause, as on links with losses`,
    false,
  ],
  [
    { type: "lanes", atMs, mirror, lanes: 1, reason: "useless" },
    `${mirror}: 1 request at once: another number was of no use`,
    false,
  ],
  [{ type: "note", atMs, message: "given twice" }, "given twice", true],
  [{ type: "end", atMs, outcome: "complete" }, "download complete", false],
];

Deno.test("eventText() formats every event; isNotable() selects those shown without -v", () => {
  for (const [event, text, notable] of TABLE) {
    assertEquals(eventText(event), text);
    assertEquals(isNotable(event), notable);
  }
});

Deno.test("eventText() says why a request was cancelled", () => {
  const table: readonly (readonly [reason: CancelEvent["reason"], text: string])[] = [
    ["stolen", "requested from another mirror"],
    ["silent", "no bytes for too long"],
    ["lost", "received from other mirrors"],
    ["closed", "it held up the front"],
    ["dropped", "the mirror was dropped"],
    ["discarded", "it belongs to another file"],
    ["yielded", "another download waits for the server"],
    ["end", "the download ended"],
  ];
  for (const [reason, text] of table) {
    const facts = { mirror, request: 7, start: 20, end: 30, goesOn: false };
    assertEquals(
      eventText({ type: "cancel", atMs, ...facts, reason }),
      `request 7 for bytes 20-29 from http://h/f cancelled: ${text}`,
    );
  }
});
