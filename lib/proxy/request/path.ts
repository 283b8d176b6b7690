/**
 * Parses the path of a request: the route, and for files a name after it, as in `/proxy/film.mkv?url=…`.
 * Players and browsers show the name, and take the kind of file from it; the proxy finds the file by
 * the query alone.
 *
 * @module
 */

import { decodePercent } from "../../http/text_encoding.ts";

/** A parsed path. */
export interface ProxyPath {
  /** The first segment, with its slash. */
  readonly route: string;
  /** The name of the file as given, decoded; not safe to use as it is. */
  readonly name: string | undefined;
}

/** Routes of files, which a name may follow, and whose bodies are streamed. */
export const FILE_ROUTES: readonly string[] = ["/proxy", "/live"];

/** Parses a path; only a file may have a second segment. */
export function parsePath(pathname: string): ProxyPath {
  const [, route, name] = /^(\/[^/]*)\/([^/]*)$/.exec(pathname) ?? [];
  if (route === undefined || !FILE_ROUTES.includes(route)) {
    return { route: pathname, name: undefined };
  }
  return { route, name: name === "" ? undefined : decodePercent(name!) };
}

/** Returns the route of a request's URL; "" if that cannot be parsed. */
export function routeOf(url: string): string {
  return parsePath(URL.parse(url)?.pathname ?? "").route;
}
