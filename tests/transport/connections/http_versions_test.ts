import { assertEquals } from "@std/assert";
import { HttpVersions } from "../../../lib/transport/connections/http_versions.ts";

const ORIGIN = "https://one.example";

Deno.test("HttpVersions.of() is HTTP/1.1 until another version is settled", () => {
  const versions = new HttpVersions();
  assertEquals(versions.of(ORIGIN), "http1");
  versions.settle(ORIGIN, "http2");
  assertEquals([versions.of(ORIGIN), versions.of("https://two.example")], ["http2", "http1"]);
  versions.settle(ORIGIN, "http1");
  assertEquals(versions.of(ORIGIN), "http1");
});

Deno.test("HttpVersions: a status or failure may be about the version until one is settled", () => {
  const versions = new HttpVersions();
  for (const status of [400, 403, 426, 464, 505]) {
    assertEquals(versions.isRefusal(ORIGIN, status), true, `${status}`);
  }
  for (const status of [200, 206, 302, 401, 404, 416, 429, 503]) {
    assertEquals(versions.isRefusal(ORIGIN, status), false, `${status}`);
  }
  for (const fault of ["http2", "garbage", "tls", "empty", "reset"] as const) {
    assertEquals(versions.isMismatch(ORIGIN, fault), true, fault);
  }
  for (const fault of ["host", "refused", "certificate", undefined] as const) {
    assertEquals(versions.isMismatch(ORIGIN, fault), false, fault);
  }
  versions.settle(ORIGIN, "http1");
  assertEquals(versions.isRefusal(ORIGIN, 403), false);
  assertEquals(versions.isMismatch(ORIGIN, "empty"), false);
  // The server says so itself: it has changed, or is another one.
  assertEquals(versions.isMismatch(ORIGIN, "http2"), true);
});

Deno.test("HttpVersions remembers a bounded number of servers", () => {
  const versions = new HttpVersions();
  for (let index = 0; index <= 1000; index++) versions.settle(`https://${index}.example`, "http2");
  assertEquals(versions.of("https://0.example"), "http1");
  assertEquals(versions.of("https://1.example"), "http2");
  assertEquals(versions.of("https://1000.example"), "http2");
});
