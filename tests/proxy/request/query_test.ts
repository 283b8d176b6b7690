import { assertEquals, assertStringIncludes } from "@std/assert";
import { describeIgnored, parseProxyQuery } from "../../../lib/proxy/request/query.ts";
import { A, B, parse, refusal } from "../../support/proxy/proxy_query.ts";

Deno.test("parseProxyQuery() collects mirrors, each once, in order", () => {
  const table: [pairs: [string, string][], mirrors: string[]][] = [
    [[["host", A]], [A]],
    [[["host", `${A},${B}`]], [A, B]],
    [[["hosts", `${A},${B}`]], [A, B]],
    [[["url", A], ["url", B]], [A, B]],
    [[["url", "http://a.example/x,y"]], ["http://a.example/x,y"]],
    [[["url", B], ["host", A]], [B, A]],
    [[["hosts", B], ["url", "http://c/"], ["host", A]], [B, "http://c/", A]],
    [[["host", ` ${A} , ${B} ,`]], [A, B]],
    [[["host", `,${A},,${A}`], ["url", A], ["hosts", B], ["host", B]], [A, B]],
    // Other spellings of the same URL.
    [[["host", "HTTP://A.example:80/x/../f,http://a.example/f#top"]], [A]],
    [[["host", "http://a.example,http://a.example/"]], ["http://a.example/"]],
    // Credentials are kept, but do not make a different mirror.
    [[["url", "http://me:pw@a.example/f"], ["url", A]], ["http://me:pw@a.example/f"]],
    [[["host", "http://[::1]:8080/f,http://127.1/f"]], [
      "http://[::1]:8080/f",
      "http://127.0.0.1/f",
    ]],
  ];
  for (const [pairs, mirrors] of table) {
    assertEquals(parse(pairs), {
      mirrors,
      metalink: undefined,
      options: {},
      download: false,
      ignored: [],
    });
  }
});

Deno.test("parseProxyQuery() accepts the URL of the original", () => {
  const url = new URL(
    `http://localhost:8080/proxy?host=${A},${encodeURIComponent(B)}&split_size=500000` +
      "&delay_req_algo=DelayRequestAlgorithm.INV&enable_dup_req=True",
  );
  assertEquals(parseProxyQuery(url.searchParams, 32), {
    mirrors: [A, B],
    metalink: undefined,
    options: { splitSize: 500_000, delayRequest: "inv" },
    download: false,
    ignored: [],
  });
});

Deno.test("parseProxyQuery() requires a mirror", () => {
  for (const pairs of [[], [["host", ""]], [["hosts", " , ,"]], [["url", " "]]] as const) {
    assertStringIncludes(refusal(pairs), "no mirror given; use host=URL,URL or url=URL");
  }
});

Deno.test("parseProxyQuery() takes a Metalink instead of mirrors, and one of its files", () => {
  for (const [name, file] of [["film.bin", "film.bin"], [" ", undefined]] as const) {
    const { mirrors, metalink, ignored } = parse([["metalink", A], ["file", name]]);
    assertEquals([mirrors, metalink, ignored], [[], { url: A, file }, []]);
  }
  assertStringIncludes(refusal([["metalink", A], ["url", B]]), "both a Metalink and mirrors");
  assertStringIncludes(refusal([["metalink", "ftp://a/f"]]), "not an http:// or https:// URL");
  // Without a Metalink, it is no parameter of the proxy.
  assertEquals(parse([["url", A], ["file", "x"]]).ignored, ["file"]);
});

Deno.test("parseProxyQuery() limits the number of mirrors", () => {
  const mirrors = (count: number) =>
    Array.from({ length: count }, (_, index) => ["url", `http://m${index}.example/f`] as const);
  assertEquals(parse(mirrors(32)).mirrors.length, 32);
  assertEquals(parse([...mirrors(32), ...mirrors(32)]).mirrors.length, 32);
  assertEquals(refusal(mirrors(33)), "33 mirrors given, but at most 32 are allowed");
  assertEquals(
    refusal(mirrors(3), 400, 2),
    "3 mirrors given, but at most 2 are allowed",
  );
});

Deno.test("parseProxyQuery() rejects values that are not http or https URLs", () => {
  const table = [
    "a.example/f",
    "//a.example/f",
    "/f",
    "localhost:8080/f",
    "file:///etc/passwd",
    "ftp://a.example/f",
    "data:x",
    "javascript:alert(1)",
    "blob:http://a.example/1",
    "http:a.example/f",
    "http:/a.example/f",
    "http:///a.example/f",
    "http:\\\\a.example/f",
    "http://",
    "http://a b/f",
    "http://a.example:99999/f",
    "x",
  ];
  for (const text of table) {
    for (const name of ["host", "hosts", "url"]) {
      assertEquals(
        refusal([[name, text]]),
        `${name} has "${text}", which is not an http:// or https:// URL`,
      );
    }
  }
  assertEquals(
    refusal([["host", `${A},y.mp4`]]),
    'host has "y.mp4", which is not an http:// or https:// URL; pass a URL that contains a comma as url=',
  );
});

Deno.test("parseProxyQuery(): messages contain no credentials, queries, control characters or long values", () => {
  const table = [
    ["ftp://me:hunter2@a.example/f", '"ftp://a.example/f"'],
    ["ftp://hunter2@a.example/f", '"ftp://a.example/f"'],
    ["me:hunter2@a.example/f", '"…@a.example/f"'],
    ["http:me:hunter2@a.example/f", '"http:a.example/f"'],
    ["ftp://me:hunt/er?2@a.example/f", '"ftp://…@a.example/f"'],
    ["http://me:hunter2", '"http://…"'],
    ["ftp://a.example/f?token=hunter2", '"ftp://a.example/f?…"'],
    ["ftp://a.example/\x1b[31m\nf", '"ftp://a.example/[31mf"'],
    [`ftp://a.example/${"x".repeat(500)}`, `"ftp://a.example/${"x".repeat(64)}…"`],
  ] as const;
  for (const [text, shown] of table) {
    const detail = refusal([["url", text]]);
    assertStringIncludes(detail, `url has ${shown}`);
    assertEquals(detail.includes("hunt"), false, detail);
  }
  // A comma in a password splits the URL.
  const detail = refusal([["host", "http://me:hunter2,x@a.example/f"]]);
  assertEquals(detail.includes("hunter2"), false, detail);
  const unknown = refusal([["http://me:hunter2@a.example/", ""]]);
  assertEquals(unknown.includes("hunter2"), false, unknown);
});

Deno.test("parseProxyQuery() ignores what players, trackers and caches append, and names it", () => {
  const names = ["_", "t", "utm_source", "fbclid", "gclid", "start", "X-Plex-Token", "v2.1~x"];
  const { mirrors, options, ignored } = parse([
    ["url", A],
    ...names.map((name) => [name, "1"] as const),
    ["t", "2"],
    ["split_size", "20000"],
  ]);
  assertEquals([mirrors, options, ignored], [[A], { splitSize: 20_000 }, names]);
});

Deno.test("parseProxyQuery() names no ignored parameter that a header cannot carry, and only a few", () => {
  for (const name of ["", "é", "a b", "a\r\nb", "<b>", "https://b.example/f", "x".repeat(10_000)]) {
    assertEquals(parse([["url", A], [name, ""]]).ignored, [], name);
  }
  for (const name of ["__proto__", "constructor", "toString"]) {
    assertEquals(parse([["url", A], [name, ""]]).ignored, [name]);
  }
  const many = Array.from({ length: 100 }, (_, index) => [`x${index}`, ""] as const);
  assertEquals(parse([["url", A], ...many]).ignored.length, 16);
});

Deno.test("parseProxyQuery() names a misspelled parameter when there is no mirror", () => {
  assertEquals(
    refusal([["Host", A], ["utm_source", "x"]]),
    "no mirror given; use host=URL,URL or url=URL (ignored: Host, did you mean host?; " +
      "utm_source; write & inside the URL of a mirror as %26)",
  );
});

Deno.test("describeIgnored() suggests the known parameter that a name resembles", () => {
  const table = [
    ["Host", "host"],
    ["urls", "url"],
    ["split-size", "split_size"],
    ["delay_req_algorithm", "delay_req_algo"],
    ["dup_algo", "dup_req_algo"],
    ["downlaod", "download"],
    ["closebadconn", "close_bad_conn"],
  ] as const;
  for (const [name, nearest] of table) {
    assertEquals(
      describeIgnored([name]),
      `ignored: ${name}, did you mean ${nearest}?; write & inside the URL of a mirror as %26`,
    );
  }
  for (const name of ["_", "t", "utm_source", "fbclid", "X-Amz-Signature", "sig", "__proto__"]) {
    assertEquals(
      describeIgnored([name]),
      `ignored: ${name}; write & inside the URL of a mirror as %26`,
    );
  }
});

Deno.test("parseProxyQuery() rejects repeated parameters that name no mirrors", () => {
  for (const name of ["split_size", "delay_req_algo", "download", "verify"]) {
    assertEquals(
      refusal([["url", A], [name, "1"], [name, "1"]]),
      `${name} is given 2 times, but is allowed only once`,
    );
  }
});

Deno.test("parseProxyQuery(): download=1 saves the file", () => {
  for (const [text, expected] of [["1", true], ["true", true], ["0", false]] as const) {
    assertEquals(parse([["url", A], ["download", text]]).download, expected);
  }
});

Deno.test("parseProxyQuery() rejects a long query with 414", () => {
  const long = "x".repeat(16_384);
  const expected = "characters, but at most 16384 are allowed";
  assertStringIncludes(refusal([["url", `${A}?${long}`]], 414), expected);
  assertStringIncludes(refusal([[long, ""]], 414), expected);
  assertStringIncludes(
    refusal(Array.from({ length: 9000 }, () => ["", ""] as const), 414),
    expected,
  );
  const pair = (length: number) => ["url", `http://a/?${"x".repeat(length - 15)}`] as const;
  assertEquals(parse([pair(16_384)]).mirrors.length, 1);
  assertEquals(
    refusal([pair(16_385)], 414),
    "the query has 16385 characters, but at most 16384 are allowed",
  );
});
