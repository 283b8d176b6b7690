import { assertEquals } from "@std/assert";
import { parsePath, routeOf } from "../../../lib/proxy/request/path.ts";

Deno.test("parsePath() finds the route, and a name after that of a file", () => {
  const table: [pathname: string, route: string, name?: string][] = [
    ["/", "/"],
    ["/proxy", "/proxy"],
    ["/proxy/", "/proxy"],
    ["/proxy/film.mkv", "/proxy", "film.mkv"],
    ["/proxy/a%20film%2Fpart.mkv", "/proxy", "a film/part.mkv"],
    ["/proxy/100%.mkv", "/proxy", "100%.mkv"],
    ["/proxy/f%FF.mkv", "/proxy", "f%FF.mkv"],
    ["/live/film.mkv", "/live", "film.mkv"],
    ["/proxy/a/b", "/proxy/a/b"],
    ["/proxy/a/", "/proxy/a/"],
    ["/proxy//", "/proxy//"],
    ["//proxy", "//proxy"],
    ["/metrics/", "/metrics/"],
    ["/healthz/film.mkv", "/healthz/film.mkv"],
    ["/constructor/film.mkv", "/constructor/film.mkv"],
  ];
  for (const [pathname, route, name] of table) {
    assertEquals(parsePath(pathname), { route, name }, pathname);
  }
});

Deno.test("routeOf() finds the route of a URL", () => {
  assertEquals(routeOf("https://proxy.example/live/film.mkv?url=/proxy/"), "/live");
  assertEquals(routeOf("https://"), "");
});
