import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Downloader, type DownloaderOptions } from "../../../mod.ts";
import { Problem } from "../../../lib/proxy/problem.ts";
import {
  describeIgnored,
  parseProxyQuery,
  type ProxyQuery,
  type QueryOptions,
  withQueryOptions,
} from "../../../lib/proxy/request/query.ts";

const A = "http://a.example/f";
const B = "https://b.example/f?x=1";

/** Parses a query from unencoded pairs. */
function parse(pairs: readonly (readonly [string, string])[], maxMirrors = 32): ProxyQuery {
  return parseProxyQuery(new URLSearchParams(pairs.map((pair) => [...pair])), maxMirrors);
}

/** Returns the options of a download for a query with two mirrors and these parameters. */
function options(...pairs: readonly (readonly [string, string])[]): DownloaderOptions {
  return withQueryOptions({}, parse([["url", A], ["url", B], ...pairs]).options);
}

function refusal(
  pairs: readonly (readonly [string, string])[],
  status = 400,
  maxMirrors?: number,
): string {
  const problem = assertThrows(() => parse(pairs, maxMirrors), Problem) as Problem;
  assertEquals(problem.status, status, problem.detail);
  return problem.detail;
}

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
    assertEquals(parse(pairs), { mirrors, options: {}, download: false, ignored: [] });
  }
});

Deno.test("parseProxyQuery() accepts the URL of the original", () => {
  const url = new URL(
    `http://localhost:8080/proxy?host=${A},${encodeURIComponent(B)}&split_size=500000` +
      "&delay_req_algo=DelayRequestAlgorithm.INV&enable_dup_req=True",
  );
  assertEquals(parseProxyQuery(url.searchParams, 32), {
    mirrors: [A, B],
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

Deno.test("parseProxyQuery() accepts the original's parameters", () => {
  const table: [name: string, text: string, expected: QueryOptions][] = [
    ["split_size", "1000000", { splitSize: 1_000_000 }],
    ["split_size", "10000", { splitSize: 10_000 }],
    ["split_size", "16777216", { splitSize: 16_777_216 }],
    ["delay_req_algo", "DIFF", { delayRequest: "diff" }],
    ["delay_req_algo", "diff", { delayRequest: "diff" }],
    ["delay_req_algo", " Diff ", { delayRequest: "diff" }],
    ["delay_req_algo", "DelayRequestAlgorithm.DIFF", { delayRequest: "diff" }],
    ["delay_req_algo", "delayrequestalgorithm.normal", { delayRequest: "normal" }],
    ["delay_req_algo", "INV", { delayRequest: "inv" }],
    ["delay_req_algo", "STATIC", { delayRequest: "static" }],
    ["delay_req_algo", "ADAPTIVE", { delayRequest: "adaptive" }],
    ["dup_req_algo", "NIBIB", { delayRequest: "diff", duplicateRequest: "nibib" }],
    ["dup_req_algo", "ibrc", { delayRequest: "diff", duplicateRequest: "ibrc" }],
    ["dup_req_algo", "DuplicateRequestAlgorithm.NIBIB", {
      delayRequest: "diff",
      duplicateRequest: "nibib",
    }],
    ["dup_req_algo", "none", { delayRequest: "diff", duplicateRequest: "none" }],
    ["enable_dup_req", "true", {}],
    ["enable_dup_req", "False", { delayRequest: "diff", duplicateRequest: "none" }],
    ["close_bad_conn", "True", { delayRequest: "diff", closeBadConnections: true }],
    ["close_bad_conn", "0", { delayRequest: "diff", closeBadConnections: false }],
    ["enable_init_delay", "yes", { delayRequest: "diff", initialDelay: true }],
    ["enable_init_delay", "NO", { delayRequest: "diff", initialDelay: false }],
    ["init_delay_coef", "10", { delayRequest: "diff", initialDelayCoefficient: 10 }],
    ["init_delay_coef", "2.5", { delayRequest: "diff", initialDelayCoefficient: 2.5 }],
    ["init_delay_coef", ".5", { delayRequest: "diff", initialDelayCoefficient: 0.5 }],
    ["invalid_block_threshold", "0", { delayRequest: "diff", invalidBlockThreshold: 0 }],
    ["invalid_block_threshold", "50", { delayRequest: "diff", invalidBlockThreshold: 50 }],
    ["static_delay_req_vals", "{}", { delayRequest: "static", staticDelays: {} }],
    [
      "static_delay_req_vals",
      `{"${A}": 0, "https://me:pw@b.example:443/f?x=1#y": 3}`,
      { delayRequest: "static", staticDelays: { [A]: 0, [B]: 3 } },
    ],
    ["enable_trace_log", "1", {}],
    ["verify", "true", {}],
  ];
  for (const [name, text, expected] of table) {
    assertEquals(options([name, text]), expected, `${name}=${text}`);
  }
});

Deno.test("parseProxyQuery(): later parameters override the same option", () => {
  const values = JSON.stringify({ [A]: 2 });
  assertEquals(options(["enable_dup_req", "0"], ["dup_req_algo", "IBRC"]), {
    delayRequest: "diff",
    duplicateRequest: "none",
  });
  assertEquals(options(["dup_req_algo", "IBRC"], ["enable_dup_req", "1"]), {
    delayRequest: "diff",
    duplicateRequest: "ibrc",
  });
  for (
    const pairs of [
      [["delay_req_algo", "diff"], ["static_delay_req_vals", values]],
      [["static_delay_req_vals", values], ["delay_req_algo", "diff"]],
    ] as const
  ) assertEquals(options(...pairs), { delayRequest: "diff" });
});

Deno.test("parseProxyQuery() ignores options that the chosen algorithm does not use, as the original does", () => {
  const all: [name: string, text: string][] = [
    ["static_delay_req_vals", JSON.stringify({ [A]: 2 })],
    ["enable_init_delay", "0"],
    ["close_bad_conn", "1"],
    ["invalid_block_threshold", "50"],
  ];
  const doubles = { closeBadConnections: true, invalidBlockThreshold: 50 };
  const table: [name: string, expected: QueryOptions][] = [
    ["NORMAL", { ...doubles, delayRequest: "normal" }],
    ["STATIC", { ...doubles, delayRequest: "static", staticDelays: { [A]: 2 } }],
    ["DIFF", { ...doubles, delayRequest: "diff", initialDelay: false }],
    ["ADAPTIVE", { delayRequest: "adaptive" }],
  ];
  for (const [name, expected] of table) {
    assertEquals(options(["delay_req_algo", name], ...all), expected, name);
    const { mirrors, options: chosen } = parse([["host", A], ["delay_req_algo", name], ...all]);
    assert(new Downloader(mirrors, withQueryOptions({}, chosen)) instanceof Downloader);
  }
  const doubled = options(["enable_dup_req", "0"], ["close_bad_conn", "1"]);
  assertEquals(doubled, { delayRequest: "diff", duplicateRequest: "none" });
});

Deno.test("withQueryOptions(): the operator's options stay, as far as the chosen algorithm uses them", () => {
  const operator = {
    maxRedirects: 3,
    maxConnectionsPerMirror: 4,
    splitSize: 5000,
    invalidBlockThreshold: 50,
  };
  assertEquals(withQueryOptions(operator, { splitSize: 1e6 }), { ...operator, splitSize: 1e6 });
  const { maxConnectionsPerMirror: _, ...classic } = operator;
  assertEquals(withQueryOptions(operator, { delayRequest: "normal" }), {
    ...classic,
    delayRequest: "normal",
  });
  for (const delayRequest of ["inv", "normal"] as const) {
    assertEquals(
      withQueryOptions({ ...classic, delayRequest }, { closeBadConnections: true }),
      { ...classic, delayRequest, closeBadConnections: true },
      "the operator's algorithm stays",
    );
  }
  assertEquals(withQueryOptions({ delayRequest: "adaptive" }, { closeBadConnections: true }), {
    delayRequest: "adaptive",
  });
});

Deno.test("parseProxyQuery(): Downloader accepts all its results", () => {
  const { mirrors, options } = parse([
    ["host", `${A},${B}`],
    ["split_size", "16777216"],
    ["delay_req_algo", "static"],
    ["dup_req_algo", "ibrc"],
    ["close_bad_conn", "1"],
    ["static_delay_req_vals", JSON.stringify({ [A]: 1_000_000, [B]: 0 })],
    ["enable_init_delay", "0"],
    ["init_delay_coef", "1000000"],
    ["invalid_block_threshold", "1000000"],
  ]);
  const accepted = withQueryOptions({}, options);
  assertEquals(Object.keys(accepted).length, 6);
  assert(new Downloader(mirrors, accepted) instanceof Downloader);
});

Deno.test("parseProxyQuery() rejects invalid values", () => {
  const truth = "but must be true or false";
  const threshold = "but must be a whole number from 0 to 1000000";
  const static_ = "static_delay_req_vals";
  const table: [name: string, texts: string[], accepted: string][] = [
    [
      "split_size",
      ["", "x", "-1", "0", "9999", "16777217", "1e6", "1.5", "1M", "9".repeat(400)],
      "but must be a whole number from 10000 to 16777216",
    ],
    [
      "delay_req_algo",
      [
        "",
        "x",
        "DIFFERENT",
        "DelayRequestAlgorithm",
        "DuplicateRequestAlgorithm.NIBIB",
        "__proto__",
      ],
      "but must be one of ADAPTIVE, NORMAL, DIFF, INV, STATIC",
    ],
    [
      "dup_req_algo",
      ["", "DIFF", "diffDuplicateRequestAlgorithm.nibib"],
      "one of NIBIB, IBRC, NONE",
    ],
    ["enable_dup_req", ["", "2", "on", "truefalse"], truth],
    ["close_bad_conn", ["", "x"], truth],
    ["enable_init_delay", ["None"], truth],
    ["download", ["", "film.mp4"], truth],
    ["enable_trace_log", ["x"], truth],
    ["verify", ["x"], truth],
    ["verify", ["false", "0"], "certificates are always verified"],
    [
      "init_delay_coef",
      ["", "x", "-1", ".", "1e3", "Infinity", "NaN", "1000001"],
      "like 10 or 2.5",
    ],
    ["invalid_block_threshold", ["", "-1", "1.5", "1000001"], threshold],
    [static_, ["", "x", "3", "null", "[]", `{'${A}': 3}`, '"x"', "{"], "must be a JSON object"],
    [static_, ['{"http://c/": 1}', '{"": 1}', '{"x": 1}'], "which is not one of the mirrors"],
    [static_, ["-1", "1.5", '"1"', "null", "{}", "1000001"].map((v) => `{"${A}":${v}}`), threshold],
  ];
  for (const [name, texts, accepted] of table) {
    for (const text of texts) {
      const detail = refusal([["url", A], [name, text]]);
      assertStringIncludes(detail, name);
      assertStringIncludes(detail, accepted);
      assert(detail.length < 250, detail);
    }
  }
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

Deno.test("parseProxyQuery() limits split_size", () => {
  for (const splitSize of [10_000, 16_777_216]) {
    assertEquals(options(["split_size", `${splitSize}`]), { splitSize });
  }
  for (const text of ["9999", "16777217"]) {
    assertStringIncludes(
      refusal([["url", A], ["split_size", text]]),
      `split_size is "${text}", but must be a whole number from 10000 to 16777216`,
    );
  }
});
