import { assertEquals, assertThrows } from "@std/assert";
import { MemoryBudget } from "../../lib/proxy/capacity/memory_budget.ts";
import { resolveProxyOptions } from "../../lib/proxy/options.ts";
import { createHandler, type ProxyOptions } from "../../server.ts";

Deno.test("resolveProxyOptions() has defaults that the budget accepts", () => {
  const { memory, maxDownloads, maxMirrors, rememberMs, logFormat } = resolveProxyOptions({});
  assertEquals([maxMirrors, rememberMs, logFormat], [32, 60_000, "text"]);
  const budget = new MemoryBudget({ bytes: memory, maxDownloads });
  for (let count = 0; count < maxDownloads; count++) budget.admit(() => {});
  assertEquals(budget.downloads, maxDownloads);
});

const wrong: [Record<string, unknown>, typeof TypeError | typeof RangeError, string][] = [
  [{ maxMirrors: 0 }, RangeError, "maxMirrors is 0"],
  [{ maxMirrors: NaN }, TypeError, "maxMirrors is NaN"],
  [{ maxMirrors: "5" }, TypeError, 'maxMirrors is "5"'],
  [{ maxDownloads: -1 }, RangeError, "maxDownloads is -1"],
  [{ maxDownloads: 1.5 }, TypeError, "maxDownloads is 1.5"],
  [{ memory: 1000 }, RangeError, "memory is 1000"],
  [{ memory: Infinity }, TypeError, "memory is Infinity"],
  [{ rememberMs: -1 }, RangeError, "rememberMs is -1"],
  [{ rememberMs: NaN }, RangeError, "rememberMs is NaN"],
  [{ token: "" }, TypeError, "token must be a string"],
  [{ token: 5 }, TypeError, "token must be a string"],
  [{ cors: "https://a.example" }, TypeError, 'cors is "https://a.example"'],
  [{ cors: true }, TypeError, "cors is true"],
  [{ cors: [5] }, TypeError, "cors is a list"],
  [{ allowHosts: "a.example" }, TypeError, 'allowHosts is "a.example"'],
  [{ allowHosts: ["a b"] }, TypeError, 'allowHosts has "a b"'],
  [{ allowPrivate: "no" }, TypeError, 'allowPrivate is "no"'],
  [{ logFormat: "xml" }, TypeError, 'logFormat is "xml"'],
  [{ log: "stdout" }, TypeError, 'log is "stdout"'],
  [{ onError: null, download: 1 }, TypeError, "download is 1"],
];

Deno.test("createHandler() throws on invalid options and shows their values", () => {
  for (const [options, error, message] of wrong) {
    assertThrows(() => createHandler(options as ProxyOptions), error, message);
  }
});
