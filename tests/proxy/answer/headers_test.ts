import { assertEquals, assertStringIncludes } from "@std/assert";
import { corsHeaders, filePolicy, isPreflight } from "../../../lib/proxy/answer/headers.ts";
import type { CorsOption } from "../../../lib/proxy/options.ts";

const PAGE = "https://page.example";
const PREFLIGHT = { origin: PAGE, "access-control-request-method": "GET" };

function cors(
  option: CorsOption,
  headers: Record<string, string> = {},
  method = "GET",
): Record<string, string> {
  const request = new Request("http://localhost/proxy", { method, headers });
  return Object.fromEntries(corsHeaders(option, request));
}

Deno.test("corsHeaders() lets the allowed origins read responses", () => {
  const exposed = {
    "access-control-expose-headers": "Content-Range, ETag, Accept-Ranges, Content-Length",
  };
  assertEquals(cors(undefined, { origin: PAGE }), {});
  assertEquals(cors("*", { origin: PAGE }), { "access-control-allow-origin": "*", ...exposed });
  assertEquals(cors("*"), { "access-control-allow-origin": "*", ...exposed });
  assertEquals(cors(["https://other.example", PAGE], { origin: PAGE }), {
    "access-control-allow-origin": PAGE,
    ...exposed,
    vary: "Origin",
  });
});

Deno.test("corsHeaders() with a list names listed origins only and always sets Vary", () => {
  const lists: [list: string[], origin: string | undefined][] = [
    [[PAGE], undefined],
    [[PAGE], "null"],
    [[PAGE], "http://page.example"],
    [[PAGE], "https://page.example:8443"],
    [[PAGE], "https://page.example.evil.example"],
    [[PAGE], "https://evil.example"],
    [[], PAGE],
  ];
  for (const [list, origin] of lists) {
    const headers: Record<string, string> = origin === undefined ? {} : { origin };
    assertEquals(cors(list, headers), { vary: "Origin" }, origin);
    assertEquals(cors(list, { ...PREFLIGHT, ...headers }, "OPTIONS")["vary"], "Origin");
  }
});

Deno.test("corsHeaders() allows the preflight of an allowed origin", () => {
  const answer = cors([PAGE], PREFLIGHT, "OPTIONS");
  assertEquals(answer["access-control-allow-origin"], PAGE);
  assertEquals(answer["access-control-allow-methods"], "GET, HEAD");
  assertEquals(answer["access-control-max-age"], "7200");
  const allowed = answer["access-control-allow-headers"]!;
  for (const name of ["Range", "If-Range", "If-None-Match", "Authorization"]) {
    assertStringIncludes(allowed, name);
  }
  assertEquals(answer["access-control-expose-headers"], undefined);
  assertEquals(cors("*", PREFLIGHT, "OPTIONS")["access-control-allow-origin"], "*");
  assertEquals(cors(["https://other.example"], PREFLIGHT, "OPTIONS"), { vary: "Origin" });
  assertEquals(cors(undefined, PREFLIGHT, "OPTIONS"), {});
});

Deno.test("isPreflight() distinguishes a preflight from other OPTIONS requests", () => {
  const table: [method: string, headers: Record<string, string>, expected: boolean][] = [
    ["OPTIONS", PREFLIGHT, true],
    ["OPTIONS", { origin: PAGE }, false],
    ["OPTIONS", { "access-control-request-method": "GET" }, false],
    ["OPTIONS", {}, false],
    ["GET", PREFLIGHT, false],
  ];
  for (const [method, headers, expected] of table) {
    assertEquals(isPreflight(new Request("http://localhost/", { method, headers })), expected);
  }
});

Deno.test("filePolicy() blocks scripts and forms, and only media keep the origin", () => {
  for (
    const type of ["audio/wav", "video/mp4", 'Video/webm; codecs="vp9, opus"', "application/ogg"]
  ) {
    assertEquals(/sandbox|script|allow/.test(filePolicy(type)), false, type);
    assertStringIncludes(filePolicy(type), "form-action 'none'");
  }
  for (
    const type of [
      ...[null, "", "text/html", "image/svg+xml", "text/xml", "x/video/mp4", "image/png"],
      ...["video/mp4, text/html", "video/mp4;text/html", "video/x+xml", "audio/html", "video/"],
      ...["video/mp4 text/html", "multipart/x-mixed-replace", "text/event-stream"],
    ]
  ) {
    assertEquals(filePolicy(type).startsWith("sandbox; default-src 'none'; "), true, type ?? "");
    assertStringIncludes(filePolicy(type), "form-action 'none'");
  }
});
