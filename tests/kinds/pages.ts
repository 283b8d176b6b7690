/**
 * Pages instead of the file, and files that are labelled as pages.
 *
 * @module
 */

import { bytesContent } from "../support/lab/content.ts";
import { page, refused, served } from "../support/lab/odd_reply.ts";
import { BOTH, type Kind, kind } from "./kind.ts";

/** A page, long enough to look like a file. */
export const PAGE = bytesContent(
  new TextEncoder().encode(
    `\n<!doctype html><html><title>Sign in</title>${"<p>Sign in</p>".repeat(800)}</html>`,
  ),
);

/** A page with status 200, whatever is asked for. */
const signIn: Kind["serve"] = (ask) =>
  served(ask, {
    content: PAGE,
    type: "text/html; charset=utf-8",
    whole: true,
    etag: null,
    lastModified: null,
  });

/** A name that promises no page. */
const ISO = { path: "/file.iso" };

/** Texts that APIs and stores send with status 200. */
const TEXTS = {
  json: ["application/json", '{"error":{"code":403,"message":"Quota exceeded"}}\n'],
  xml: [
    "application/xml",
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code></Error>\n',
  ],
  text: ["text/plain; charset=utf-8", "Too many connections, come back later\n"],
} as const;

const JSON_FILE = bytesContent(new TextEncoder().encode(TEXTS.json[1]));

/** Kinds of servers that send such a text. */
function texts(name: keyof typeof TEXTS): readonly Kind[] {
  const [type, text] = TEXTS[name];
  const content = bytesContent(new TextEncoder().encode(text));
  const none = { etag: null, lastModified: null };
  return [
    kind(
      `${name}-instead`,
      `a short text (${type}) with status 200`,
      ["wrong", "wrong"],
      (ask) => served(ask, { content, type, whole: true, ...none }),
      { ...ISO, alone: content, proxy: true },
    ),
    kind(
      `${name}-with-ranges`,
      `a short text (${type}) that is served in ranges, with validators`,
      ["wrong", "wrong"],
      (ask) => served(ask, { content, type }),
      { ...ISO, alone: content },
    ),
    kind(
      `${name}-unlabelled`,
      `a short text that is labelled application/octet-stream`,
      ["wrong", "wrong"],
      (ask) => served(ask, { content, whole: true, ...none }),
      { ...ISO, alone: content, copies: 2 },
    ),
    kind(
      `${name}-now-and-then`,
      `a short text (${type}) instead of every third answer`,
      BOTH,
      (ask) => ask.index % 3 === 2 ? refused(200, { "Content-Type": type }, text) : served(ask),
      { breaks: true },
    ),
  ];
}

export const PAGES: readonly Kind[] = [
  kind("page", "a sign-in page with status 200", ["wrong", "wrong"], signIn, {
    ...ISO,
    alone: /page|html/i,
    proxy: true,
  }),
  kind(
    "page-twice",
    "two servers with the same sign-in page",
    ["wrong", "wrong"],
    signIn,
    {
      ...ISO,
      copies: 2,
      alone: /page|html/i,
      proxy: true,
    },
  ),
  kind(
    "page-with-ranges",
    "a page that is served in ranges, with validators",
    ["wrong", "wrong"],
    (ask) => served(ask, { content: PAGE, type: "text/html", etag: '"page"' }),
    { ...ISO, alone: /page|html/i },
  ),
  kind(
    "page-unlabelled",
    "a page labelled application/octet-stream",
    ["wrong", "wrong"],
    (ask) => served(ask, { content: PAGE }),
    { ...ISO, alone: /page|html/i },
  ),
  kind(
    "page-unnamed",
    "a page behind a URL without a telling name",
    ["wrong", "wrong"],
    signIn,
    {
      path: "/download?id=7",
      alone: PAGE,
    },
  ),
  kind(
    "page-later",
    "a page instead of every range but the first",
    [18, 8],
    (ask) => ask.index === 0 ? served(ask).breakAt(100_000, "close") : page("Busy"),
    { alone: /page|html|chang/i },
  ),
  kind(
    "page-now-and-then",
    "a page instead of every third answer",
    BOTH,
    (ask) => ask.index % 3 === 2 ? page("Busy") : served(ask),
    { breaks: true },
  ),
  ...texts("json"),
  ...texts("xml"),
  ...texts("text"),
  kind(
    "json-file",
    "a file that is JSON, and named so: it has another size than the good one",
    ["wrong", "wrong"],
    (ask) => served(ask, { content: JSON_FILE, type: "application/json" }),
    { path: "/data.json", alone: JSON_FILE, beside: /differ/ },
  ),
  kind(
    "labelled-html",
    "the file, labelled text/html",
    BOTH,
    (ask) => served(ask, { type: "text/html" }),
    {
      proxy: true,
    },
  ),
  kind(
    "labelled-html-now-and-then",
    "the file, labelled text/html in every second answer",
    BOTH,
    (ask) => served(ask, ask.index % 2 === 0 ? {} : { type: "text/html" }),
  ),
];
