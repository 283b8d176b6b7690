import { assert, assertEquals, assertThrows } from "@std/assert";
import { MemoryBudget } from "../../lib/proxy/capacity/memory_budget.ts";
import { resolveProxyOptions } from "../../lib/proxy/options.ts";
import { sharedClient } from "../../lib/transport/connections/shared_client.ts";
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
  [{ ownHosts: ["a b"] }, TypeError, 'ownHosts has "a b"'],
  [{ metricsPath: "/live" }, TypeError, 'metricsPath is "/live"'],
  [{ metricsPath: "/admission" }, TypeError, 'metricsPath is "/admission"'],
  [{ metricsPath: "metrics" }, TypeError, 'metricsPath is "metrics"'],
  [{ metricsPath: true }, TypeError, "metricsPath is true"],
  [{ allowDowngrade: 1 }, TypeError, "allowDowngrade is 1"],
  [{ discoverMirrors: 1 }, TypeError, "discoverMirrors is 1"],
  [{ trustDates: 1 }, TypeError, "trustDates is 1"],
  [{ mirrorHeaders: { "a.example": {} } }, TypeError, 'mirrorHeaders has "a.example"'],
  [{ mirrorHeaders: { "https://a.example/": {} } }, TypeError, 'has "https://a.example/"'],
  [{ mirrorHeaders: { "https://a.example": { range: "bytes=0-" } } }, TypeError, 'has "range"'],
  ...["Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key"].map((name) =>
    [
      { download: { headers: { [name]: "s3cret" } } },
      TypeError,
      `download.headers has "${name.toLowerCase()}", which would go to every mirror`,
    ] as [Record<string, unknown>, typeof TypeError, string]
  ),
  [{ download: { eachAddress: true } }, TypeError, "download.eachAddress cannot be used"],
  [{ logFormat: "xml" }, TypeError, 'logFormat is "xml"'],
  [{ log: "stdout" }, TypeError, 'log is "stdout"'],
  [{ onError: null, download: 1 }, TypeError, "download is 1"],
];

Deno.test("createHandler() throws on invalid options and shows their values", () => {
  for (const [options, error, message] of wrong) {
    assertThrows(() => createHandler(options as ProxyOptions), error, message);
  }
  // None of them holds connections: this client is closed here, or it is a leak of this test.
  using _connections = sharedClient.hold();
  assert(sharedClient.client instanceof Deno.HttpClient);
});

Deno.test("createHandler() takes headers of downloads that are no secrets", async () => {
  await using _handler = createHandler({
    download: { headers: { "user-agent": "a/1", accept: "*/*" } },
  });
});
