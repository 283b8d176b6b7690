import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Downloader, type DownloaderOptions } from "../../../mod.ts";
import { type QueryOptions, withQueryOptions } from "../../../lib/proxy/request/query.ts";
import { A, B, type Pair, parse, refusal } from "../../support/proxy/proxy_query.ts";

/** Returns the options of a download for a query with two mirrors and these parameters. */
function options(...pairs: readonly Pair[]): DownloaderOptions {
  return withQueryOptions({}, parse([["url", A], ["url", B], ...pairs]).options);
}

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
