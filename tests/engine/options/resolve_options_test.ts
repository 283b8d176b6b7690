import { assertEquals, assertStrictEquals } from "@std/assert";
import { DelayRequestAlgorithm, delayRequests } from "../../../lib/policy/delay.ts";
import {
  DuplicateRequestAlgorithm,
  duplicateRequests,
  nibib,
} from "../../../lib/policy/duplicate.ts";
import type { DelayView } from "../../../lib/scheduler/view.ts";
import type { DownloaderOptions } from "../../../lib/engine/options/options.ts";
import { resolveOptions } from "../../../lib/engine/options/resolve_options.ts";

const URLS = ["http://one.test/file", "http://two.test/file"];

Deno.test("resolveOptions() fills in every default", () => {
  const options = resolveOptions(URLS);
  assertEquals(options.mirrors.map(({ url }) => url), URLS);
  assertEquals(options.splitSize, 1_000_000);
  assertEquals(options.windowSize, 32 * 1024 * 1024);
  assertEquals([options.start, options.end], [0, undefined]);
  assertStrictEquals(options.policySettings.duplicate, nibib);
  assertEquals(options.policySettings.invalidBlockThreshold, 20);
  assertEquals(options.delayRequest, "adaptive");
  assertEquals(options.maxConnectionsPerMirror, 8);
  assertEquals(options.book, undefined);
  assertEquals(options.closeBadConnections, false);
  assertEquals(options.retry, {
    attempts: 5,
    minDelayMs: 250,
    maxDelayMs: 10_000,
    jitter: 0.5,
    maxRetryAfterMs: 3_600_000,
    maxTurnMs: Infinity,
    maxQuietMs: Infinity,
    maxTimeMs: Infinity,
  });
  const { connectTimeoutMs, headersTimeoutMs, idleTimeoutMs, maxIdleMs, stallTimeoutMs } = options;
  assertEquals([connectTimeoutMs, headersTimeoutMs, idleTimeoutMs], Array(3).fill(undefined));
  assertEquals([maxIdleMs, stallTimeoutMs], [60_000, 1000]);
  assertEquals(options.maxRedirects, 50);
  assertStrictEquals(options.fetch, globalThis.fetch);
  assertEquals([options.signal, options.trace, options.http], [undefined, false, "auto"]);
  assertEquals([...options.headers], []);
  assertEquals(options.caCerts, []);
  assertEquals([options.maxRate, options.lowestRate, options.proxy], [Infinity, ...Array(2)]);
  assertEquals(options.notes, []);
});

Deno.test("resolveOptions(): diff has an initial delay of coefficient 10 by default", () => {
  const mirrors = [10, 30].map((answerMs, index) => ({
    url: URLS[index]!,
    usage: 0,
    previous: 0,
    requests: 0,
    answerMs,
  }));
  const view: DelayView = { mirror: mirrors[1]!, mirrors, closed: 0, received: 0, left: 99 };
  const settings = (options: DownloaderOptions) => resolveOptions(URLS, options).policySettings;
  assertEquals(delayRequests.diff(settings({}))(view), 20);
  assertEquals(
    delayRequests.diff(settings({ delayRequest: "diff", initialDelayCoefficient: 2 }))(view),
    4,
  );
  assertEquals(
    delayRequests.diff(settings({ delayRequest: "diff", initialDelay: false }))(view),
    0,
  );
  const staticDelays = { "http://two.test:80/file#x": 7 };
  assertEquals(delayRequests.static(settings({ delayRequest: "static", staticDelays }))(view), 7);
});

Deno.test("resolveOptions(): an option with its default value changes nothing", () => {
  const defaults: DownloaderOptions = {
    ...{ staticDelays: {}, initialDelay: true, initialDelayCoefficient: 10, splitSize: 1_000_000 },
    ...{ duplicateRequest: "nibib", invalidBlockThreshold: 20, closeBadConnections: false },
    ...{ maxBlocksPerRequest: 16, maxConnectionsPerMirror: 8 },
    ...{ maxRate: Infinity, range: {}, headers: {}, http: "auto", caCerts: [], retry: {} },
    ...{
      maxIdleMs: 60_000,
      stallTimeoutMs: 1000,
      maxRedirects: 50,
      trace: false,
      fetch: globalThis.fetch,
    },
  };
  for (const delayRequest of [undefined, ...Object.values(DelayRequestAlgorithm), () => 0]) {
    const { onEvent: _, ...bare } = resolveOptions(URLS, { delayRequest });
    const { onEvent: _listener, ...given } = resolveOptions(URLS, { ...defaults, delayRequest });
    assertEquals(given, bare);
    for (const [name, value] of Object.entries(defaults)) {
      const { onEvent: _listener, ...one } = resolveOptions(URLS, { [name]: value, delayRequest });
      assertEquals(one, bare, name);
    }
    // A size that is given is also the most: it limits memory.
    const windowSize = 32 * 1024 * 1024;
    const { onEvent: _limited, ...limited } = resolveOptions(URLS, { windowSize, delayRequest });
    assertEquals(limited, { ...bare, mostWindowSize: windowSize }, "windowSize");
  }
});

Deno.test("resolveOptions() takes undefined for every option", () => {
  const { onEvent: _, ...bare } = resolveOptions(URLS);
  const names = [
    ...["splitSize", "delayRequest", "staticDelays", "initialDelay", "initialDelayCoefficient"],
    ...["duplicateRequest", "invalidBlockThreshold", "closeBadConnections", "maxBlocksPerRequest"],
    ...["maxConnectionsPerMirror", "book", "windowSize", "maxRate", "lowestRate", "range"],
    ...["knownFile", "headers", "http", "caCerts", "proxy", "retry", "connectTimeoutMs"],
    ...[
      "headersTimeoutMs",
      "idleTimeoutMs",
      "maxIdleMs",
      "stallTimeoutMs",
      "maxRedirects",
      "fetch",
      "signal",
    ],
    ...["onEvent", "trace"],
  ];
  const options = Object.fromEntries(names.map((name) => [name, undefined]));
  const { onEvent: _listener, ...resolved } = resolveOptions(URLS, options);
  assertEquals(resolved, bare);
  resolveOptions(URLS, {
    range: { start: undefined, end: undefined },
    retry: { attempts: undefined, maxTimeMs: undefined },
    lowestRate: { bytesPerSecond: 1, periodMs: undefined },
  });
});

Deno.test("resolveOptions() knows every algorithm by its name", () => {
  for (const delayRequest of Object.values(DelayRequestAlgorithm)) {
    assertEquals(resolveOptions(URLS, { delayRequest }).delayRequest, delayRequest);
  }
  for (const duplicateRequest of Object.values(DuplicateRequestAlgorithm)) {
    const options = { delayRequest: "diff", duplicateRequest } as const;
    const { duplicate } = resolveOptions(URLS, options).policySettings;
    assertStrictEquals(duplicate, duplicateRequests[duplicateRequest]);
  }
});

Deno.test("resolveOptions() takes smaller blocks where the window is small", () => {
  assertEquals(resolveOptions(URLS, { windowSize: 1_500_000 }).splitSize, 750_000);
  assertEquals(resolveOptions(URLS, { windowSize: 3_000_000 }).splitSize, 1_000_000);
});

Deno.test("resolveOptions(): under a limit, blocks are as large as may come in a tenth of a second", () => {
  const size = (options: DownloaderOptions) => resolveOptions(URLS, options).splitSize;
  assertEquals(size({ delayRequest: "diff", maxRate: 200_000 }), 20_000);
  assertEquals(size({ delayRequest: () => 0, maxRate: 200_000 }), 20_000);
  assertEquals(size({ delayRequest: "diff", maxRate: 1 }), 1000);
  assertEquals(size({ delayRequest: "diff", maxRate: 100e6 }), 1_000_000);
  assertEquals(size({ delayRequest: "diff", maxRate: 200_000, splitSize: 70_000 }), 70_000);
  // adaptive asks for ranges of any size.
  assertEquals(size({ maxRate: 200_000 }), 1_000_000);
});

Deno.test("resolveOptions() resolves the limits on rates, and the proxy", () => {
  const resolved = resolveOptions(URLS, {
    maxRate: 1,
    lowestRate: { bytesPerSecond: 10 },
    retry: { maxTimeMs: 0 },
    proxy: "socks5h://user:secret@proxy.test",
  });
  assertEquals([resolved.maxRate, resolved.retry.maxTimeMs], [1, 0]);
  assertEquals(resolved.lowestRate, { bytesPerSecond: 10, periodMs: 30_000 });
  assertEquals(resolved.proxy && resolved.proxy.name, "proxy.test:1080");
  assertEquals(resolveOptions(URLS, { maxRate: Infinity }).maxRate, Infinity);
});

Deno.test("resolveOptions() takes values at the limits", () => {
  resolveOptions(URLS, { splitSize: 1000, windowSize: 2000 });
  resolveOptions(URLS, { delayRequest: "diff", invalidBlockThreshold: 0 });
  resolveOptions(URLS, { maxRedirects: 0, idleTimeoutMs: 1, stallTimeoutMs: 86_400_000 });
  resolveOptions(URLS, { retry: { attempts: 1, minDelayMs: 0, jitter: 0, maxRetryAfterMs: 0 } });
  assertEquals(resolveOptions(URLS, { range: { start: 5, end: 6 } }).end, 6);
  assertEquals(resolveOptions(URLS, { range: { start: 5 } }).end, undefined);
});

Deno.test("resolveOptions(): headers are copied", () => {
  const own = new Headers({ authorization: "Bearer x" });
  const { headers } = resolveOptions(URLS, { headers: own });
  own.set("authorization", "Bearer y");
  assertEquals(headers.get("authorization"), "Bearer x");
});

Deno.test("resolveOptions() says which mirrors were given more than once", () => {
  const { mirrors, notes } = resolveOptions([...URLS, "http://user:secret@one.test/file"]);
  assertEquals(mirrors.length, 2);
  assertEquals(notes, ["http://one.test/file was given more than once; it counts as one mirror"]);
});

Deno.test("resolveOptions(): a window may grow where the algorithm is adaptive and no size is given", () => {
  const MIB = 1024 * 1024;
  const table = [
    [{}, 32 * MIB, 128 * MIB],
    [{ windowSize: 32 * MIB }, 32 * MIB, 32 * MIB],
    [{ delayRequest: "diff" }, 32 * MIB, 32 * MIB],
  ] as const;
  for (const [options, size, most] of table) {
    const { windowSize, mostWindowSize } = resolveOptions(URLS, options);
    assertEquals([windowSize, mostWindowSize], [size, most]);
  }
});
