/**
 * Redirects as the world has them: with cookies, raw bytes, signed targets, and to several places.
 *
 * @module
 */

import {
  type Ask,
  rawUtf8,
  redirect,
  refused,
  type Reply,
  served,
} from "../support/lab/odd_reply.ts";
import { BOTH, type Kind, kind } from "./kind.ts";

const FILE_PATH = "/file.bin";

/** Redirects the file's URL; the target serves the file. */
const leading = (
  location: (ask: Ask) => string,
  at: (ask: Ask) => Reply = (ask) => served(ask),
  fields: Record<string, string> = {},
): Kind["serve"] =>
(ask) => ask.path === FILE_PATH ? redirect(location(ask), fields) : at(ask);

/** Serves the file to a request with a cookie, and 403 to another. */
const withCookie = (cookie: RegExp) => (ask: Ask): Reply =>
  cookie.test(ask.head.headers["cookie"] ?? "") ? served(ask) : refused(403);

/** Serves only the path that is expected. */
const onlyAt = (path: string) => (ask: Ask): Reply =>
  ask.path === path ? served(ask) : refused(404);

const BREAKS = { breaks: true };

export const REDIRECTS: readonly Kind[] = [
  kind(
    "cookie-of-redirect",
    "a cookie set by the redirect is required at the target",
    [22, "file"],
    leading(() => "/at", withCookie(/\bsession=1\b/), { "Set-Cookie": "session=1; Path=/" }),
    {
      ...BREAKS,
      proxy: true,
    },
  ),
  kind(
    "cookie-of-redirect-to-itself",
    "redirects to itself until the cookie comes",
    [47, "file"],
    (ask) =>
      /\bsession=1\b/.test(ask.head.headers["cookie"] ?? "")
        ? served(ask)
        : redirect(FILE_PATH, { "Set-Cookie": "session=1; HttpOnly; SameSite=Lax" }),
  ),
  kind(
    "cookies-of-redirect",
    "two cookies set by the redirect are required",
    [22, 22],
    (ask) =>
      ask.path === FILE_PATH
        ? redirect("/at").add("Set-Cookie", "a=1; Path=/").add(
          "Set-Cookie",
          "b=2; Path=/; Max-Age=60",
        )
        : withCookie(/a=1; b=2|b=2; a=1/)(ask),
  ),
  kind(
    "cookie-of-another-path",
    "a cookie for another path must not be sent",
    BOTH,
    leading(
      () => "/at",
      (ask) => ask.head.headers["cookie"] === undefined ? served(ask) : refused(400),
      {
        "Set-Cookie": "session=1; Path=/elsewhere",
      },
    ),
  ),
  kind(
    "cookie-expired",
    "an expired cookie must not be sent",
    BOTH,
    leading(
      () => "/at",
      (ask) => ask.head.headers["cookie"] === undefined ? served(ask) : refused(400),
      {
        "Set-Cookie": "session=1; Path=/; Max-Age=0",
      },
    ),
  ),
  kind(
    "location-utf-8",
    "Location in raw UTF-8",
    [22, "file"],
    leading(() => rawUtf8("/dir/Füße.bin"), onlyAt("/dir/F%C3%BC%C3%9Fe.bin")),
  ),
  kind(
    "location-latin-1",
    "Location in raw Latin-1",
    [22, "file"],
    leading(
      () => "/dir/F\xfc\xdfe.bin",
      (ask) =>
        ["/dir/F%FC%DFe.bin", "/dir/F%C3%BC%C3%9Fe.bin"].includes(ask.path)
          ? served(ask)
          : refused(404),
    ),
  ),
  kind(
    "location-spaces",
    "Location with spaces",
    BOTH,
    leading(() => "/my file.bin", onlyAt("/my%20file.bin")),
  ),
  kind("location-relative", "a relative Location", BOTH, leading(() => "at?x=1"), BREAKS),
  kind(
    "location-fragment",
    "Location with a fragment",
    BOTH,
    leading(() => "/at#part", onlyAt("/at")),
  ),
  kind(
    "location-without-scheme",
    "Location with the host only",
    BOTH,
    leading(({ origins }) => `${origins[0]!.replace("http:", "")}/at`),
    BREAKS,
  ),
  kind(
    "location-absolute",
    "Location at another origin",
    BOTH,
    leading(({ origins }) => `${origins[1]}/at`),
    {
      ...BREAKS,
      origins: 2,
    },
  ),
  kind(
    "location-doubled",
    "the same Location twice",
    BOTH,
    (ask) => ask.path === FILE_PATH ? redirect("/at").add("Location", "/at") : served(ask),
  ),
  ...[301, 303, 307, 308].map((status) =>
    kind(
      `redirect-${status}`,
      `${status} to the file`,
      BOTH,
      (ask) => ask.path === FILE_PATH ? redirect("/at").as(status) : served(ask),
    )
  ),
  kind(
    "redirect-300",
    "300 with a Location",
    BOTH,
    (ask) => ask.path === FILE_PATH ? redirect("/at").as(300) : served(ask),
  ),
  kind(
    "redirect-long-body",
    "a redirect with a body of 1 MB",
    BOTH,
    (ask) => ask.path === FILE_PATH ? redirect("/at").with("x".repeat(1_000_000)) : served(ask),
  ),
  kind(
    "redirect-endless-body",
    "a redirect whose body does not end",
    ["late", "late"],
    (ask) =>
      ask.path === FILE_PATH
        ? redirect("/at").set("Content-Length", "1000").breakAt(2, "stall")
        : served(ask),
  ),
  kind(
    "location-query",
    "a Location of a query only",
    BOTH,
    (ask) => ask.head.path === FILE_PATH ? redirect("?at=1") : served(ask),
  ),
  kind(
    "location-credentials",
    "a Location with a user and a password",
    BOTH,
    leading(({ origins }) => `${origins[0]!.replace("//", "//user:secret@")}/at`),
  ),
  kind("redirect-nine", "nine redirects in a row", BOTH, (ask) => {
    const step = ask.path === FILE_PATH ? 0 : Number(ask.path.slice("/at/".length));
    return step < 9 ? redirect(`/at/${step + 1}`) : served(ask);
  }),
  kind("redirect-signed-one-time", "redirects to a URL that works once", BOTH, (ask) => {
    if (ask.path === FILE_PATH) return redirect(`/at?sign=${ask.index}`);
    return ask.earlier.some(({ path }) => path === ask.head.path) ? refused(403) : served(ask);
  }, { ...BREAKS, proxy: true }),
  kind(
    "redirect-signed-expiring",
    "redirects to a URL that works for 100 ms after its first use",
    BOTH,
    (ask) => {
      if (ask.path === FILE_PATH) return redirect(`/at?sign=${ask.index}`);
      const first = ask.earlier.find(({ path }) => path === ask.head.path);
      return ask.sinceMs > (first?.atMs ?? Infinity) + 100 ? refused(403) : served(ask);
    },
    BREAKS,
  ),
  kind(
    "redirect-by-turns",
    "redirects by turns to two targets with an ETag each",
    BOTH,
    (ask) =>
      ask.path === FILE_PATH
        ? redirect(`${ask.origins[ask.index % 2]}/at/${ask.index % 2}`)
        : served(ask, { etag: `"${ask.path}"` }),
    { ...BREAKS, origins: 2, proxy: true },
  ),
  kind("redirect-only-plain", "redirects a request without Range; 403 to one with", BOTH, (ask) => {
    if (ask.path !== FILE_PATH) return served(ask);
    return ask.head.headers["range"] === undefined ? redirect("/at") : refused(403);
  }),
  kind(
    "redirect-dead-now-and-then",
    "every second target is closed",
    [18, 1],
    (ask) =>
      ask.path === FILE_PATH
        ? redirect(ask.index % 2 === 0 ? "/at" : "http://127.0.0.1:9/at")
        : served(ask).breakAt(200_000, "close"),
    { alone: "file" },
  ),
  kind(
    "refresh-page",
    "a page that refreshes to the file, with status 200",
    ["wrong", "wrong"],
    (ask) =>
      ask.path === "/file.iso"
        ? refused(200, { Refresh: "0; url=/at", "Content-Type": "text/html" }, "<html>Wait</html>")
        : served(ask),
    { path: "/file.iso", alone: /page|html/i },
  ),
];
