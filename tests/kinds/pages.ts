/**
 * Pages instead of the file, and files that are labelled as pages.
 *
 * @module
 */

import { bytesContent } from "../support/lab/content.ts";
import { page, served } from "../support/lab/odd_reply.ts";
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
