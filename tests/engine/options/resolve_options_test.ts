import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { DelayRequestAlgorithm, delayRequests } from "../../../lib/policy/delay.ts";
import {
  DuplicateRequestAlgorithm,
  duplicateRequests,
  nibib,
} from "../../../lib/policy/duplicate.ts";
import type { DelayView } from "../../../lib/scheduler/view.ts";
import { MirrorBook } from "../../../lib/engine/memory/mirror_book.ts";
import type { DownloaderOptions } from "../../../lib/engine/options/options.ts";
import { resolveOptions } from "../../../lib/engine/options/resolve_options.ts";
import { MirrorUrlError, UnusedOptionError } from "../../../lib/errors.ts";

const URLS = ["http://one.test/file", "http://two.test/file"];

/** Options as somebody without a type checker may write them. */
function refused(options: Record<string, unknown>, type: ErrorConstructor): string {
  const error = assertThrows(() => resolveOptions(URLS, options as DownloaderOptions), type);
  return (error as Error).message;
}

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

Deno.test("resolveOptions() refuses an option that the chosen algorithm does not use", () => {
  const table: [options: DownloaderOptions, chosen: string, usedBy: string][] = [
    [{ closeBadConnections: true }, "adaptive", "diff"],
    [{ duplicateRequest: "none" }, "adaptive", "diff"],
    [{ duplicateRequest: () => true }, "adaptive", "diff"],
    [{ invalidBlockThreshold: 30 }, "adaptive", "diff"],
    [{ initialDelay: false }, "adaptive", "diff"],
    [{ initialDelayCoefficient: 3 }, "adaptive", "diff"],
    [{ maxBlocksPerRequest: 1 }, "adaptive", "diff"],
    [{ staticDelays: { [URLS[0]!]: 3 } }, "adaptive", "static"],
    [{ delayRequest: "adaptive", initialDelay: false }, "adaptive", "diff"],
    [{ delayRequest: "normal", initialDelay: false }, "normal", "diff"],
    [{ delayRequest: () => 0, initialDelayCoefficient: 3 }, "a function", "diff"],
    [{ delayRequest: "diff", staticDelays: { [URLS[0]!]: 3 } }, "diff", "static"],
    [{ delayRequest: "diff", maxConnectionsPerMirror: 4 }, "diff", "adaptive"],
    [{ delayRequest: () => 0, maxConnectionsPerMirror: "auto" }, "a function", "adaptive"],
  ];
  for (const [options, chosen, usedBy] of table) {
    const option = Object.keys(options).at(-1)!;
    const error = assertThrows(() => resolveOptions(URLS, options), UnusedOptionError);
    const problem = `is not used by delayRequest ${chosen}; ` +
      `leave it out or set delayRequest to ${usedBy}`;
    assertEquals(error.message, `${option} ${problem}`);
    assertEquals([error.option, error.chosen, error.usedBy], [option, chosen, usedBy]);
  }
  for (const unused of [{ invalidBlockThreshold: 30 }, { closeBadConnections: true }]) {
    const message = refused(
      { delayRequest: "diff", duplicateRequest: "none", ...unused },
      TypeError,
    );
    assert(message.includes("is not used by duplicateRequest none"), message);
  }
  const book = new MirrorBook();
  assertStrictEquals(resolveOptions(URLS, { delayRequest: "diff", book }).book, book);
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

Deno.test("resolveOptions() refuses what is no whole number, and says so", () => {
  const names = [
    "splitSize",
    "windowSize",
    "invalidBlockThreshold",
    "maxBlocksPerRequest",
    "maxRedirects",
    "connectTimeoutMs",
    "headersTimeoutMs",
    "idleTimeoutMs",
    "maxIdleMs",
    "stallTimeoutMs",
  ];
  for (const name of names) {
    for (const value of [NaN, 1.5, Infinity, "5000"]) {
      const message = refused({ [name]: value }, TypeError);
      const shown = typeof value === "string" ? JSON.stringify(value) : value;
      assertEquals(message, `${name} is ${shown}, but must be a whole number`);
    }
  }
  assertEquals(
    refused({ range: { start: 0.5 } }, TypeError),
    "range.start is 0.5, but must be a whole number",
  );
  assert(refused({ range: { end: NaN } }, TypeError).includes("range.end is NaN"));
  assert(refused({ retry: { attempts: 2.5 } }, TypeError).includes("retry.attempts is 2.5"));
});

Deno.test("resolveOptions() refuses numbers out of range, and names value and limits", () => {
  const table = [
    [{ splitSize: 0 }, "splitSize is 0, but must be at least 1000"],
    [{ splitSize: 999 }, "splitSize is 999, but must be at least 1000"],
    [{ splitSize: -1 }, "splitSize is -1, but"],
    [{ windowSize: 0 }, "windowSize is 0, but must be at least 2000"],
    [
      { splitSize: 1e6, windowSize: 1_999_999 },
      "windowSize is 1999999, but must be at least twice the block size",
    ],
    [{ splitSize: 2 ** 50 }, "but must be at least twice the block size of 1125899906842624"],
    [{ invalidBlockThreshold: -1 }, "invalidBlockThreshold is -1, but must be from 0 to 1000000"],
    [{ invalidBlockThreshold: 1e9 }, "invalidBlockThreshold is 1000000000, but"],
    [{ maxBlocksPerRequest: 0 }, "maxBlocksPerRequest is 0, but must be from 1 to"],
    [{ initialDelayCoefficient: -1 }, "initialDelayCoefficient is -1, but must be from 0 to"],
    [{ initialDelayCoefficient: NaN }, "initialDelayCoefficient is NaN, but"],
    [{ initialDelayCoefficient: 1e9 }, "initialDelayCoefficient is 1000000000, but"],
    [{ maxRedirects: -1 }, "maxRedirects is -1, but must be from 0 to 100"],
    [{ maxRedirects: 101 }, "maxRedirects is 101, but must be from 0 to 100"],
    [{ maxIdleMs: 0 }, "maxIdleMs is 0, but must be from 1 to 86400000"],
    [{ connectTimeoutMs: 0 }, "connectTimeoutMs is 0, but must be from 1 to 86400000"],
    [{ headersTimeoutMs: -5 }, "headersTimeoutMs is -5, but must be from 1 to 86400000"],
    [{ idleTimeoutMs: 86_400_001 }, "idleTimeoutMs is 86400001, but"],
    [{ stallTimeoutMs: 0 }, "stallTimeoutMs is 0, but"],
    [{ range: { start: -1 } }, "range.start is -1, but must be at least 0"],
    [{ range: { start: 5, end: 5 } }, "range.end is 5, but must be at least 6"],
    [{ range: { end: 0 } }, "range.end is 0, but must be at least 1"],
    [{ retry: { attempts: 0 } }, "retry.attempts is 0, but must be from 1 to"],
    [{ retry: { minDelayMs: -1 } }, "retry.minDelayMs is -1, but must be from 0 to"],
    [{ retry: { maxDelayMs: NaN } }, "retry.maxDelayMs is NaN, but"],
    [{ retry: { jitter: 1.1 } }, "retry.jitter is 1.1, but must be from 0 to 1"],
    [{ retry: { maxRetryAfterMs: Infinity } }, "retry.maxRetryAfterMs is Infinity, but"],
    [{ retry: { maxTimeMs: -1 } }, "retry.maxTimeMs is -1, but must be at least 0"],
    [{ maxRate: 0 }, "maxRate is 0, but must be at least 1"],
    [{ maxRate: 0.99 }, "maxRate is 0.99, but"],
    [{ maxRate: -5 }, "maxRate is -5, but"],
    [{ maxRate: NaN }, "maxRate is NaN, but"],
    [
      { lowestRate: { bytesPerSecond: -1 } },
      "lowestRate.bytesPerSecond is -1, but must be at least 0",
    ],
    [{ lowestRate: { bytesPerSecond: NaN } }, "lowestRate.bytesPerSecond is NaN, but"],
    [
      { lowestRate: { bytesPerSecond: 1, periodMs: 999 } },
      "lowestRate.periodMs is 999, but must be from 1000 to 86400000",
    ],
    [{ staticDelays: { [URLS[0]!]: -1 } }, `staticDelays of ${URLS[0]} is -1, but must be from 0`],
  ] as const;
  for (const [options, part] of table) {
    const message = refused(options, RangeError);
    assert(message.includes(part), `${message} does not say: ${part}`);
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
  assert(
    refused({ proxy: "secret.test:80" }, TypeError).startsWith("proxy has an unsupported scheme"),
  );
});

Deno.test("resolveOptions() takes values at the limits", () => {
  resolveOptions(URLS, { splitSize: 1000, windowSize: 2000 });
  resolveOptions(URLS, { delayRequest: "diff", invalidBlockThreshold: 0 });
  resolveOptions(URLS, { maxRedirects: 0, idleTimeoutMs: 1, stallTimeoutMs: 86_400_000 });
  resolveOptions(URLS, { retry: { attempts: 1, minDelayMs: 0, jitter: 0, maxRetryAfterMs: 0 } });
  assertEquals(resolveOptions(URLS, { range: { start: 5, end: 6 } }).end, 6);
  assertEquals(resolveOptions(URLS, { range: { start: 5 } }).end, undefined);
});

Deno.test("resolveOptions() refuses unknown names, and lists those that there are", () => {
  const table = [
    ["delayRequest", "DIFF", "adaptive, normal, diff, inv, static"],
    ["delayRequest", "constructor", "adaptive, normal, diff, inv, static"],
    ["duplicateRequest", "some", "nibib, ibrc, none"],
    ["http", "http3", "auto, http1, http2"],
  ] as const;
  for (const [name, value, known] of table) {
    const message = refused({ [name]: value }, TypeError);
    assertEquals(message, `${name} is "${value}", but must be one of ${known}`);
  }
});

Deno.test("resolveOptions(): static delays name mirrors that there are", () => {
  const message = refused({ staticDelays: { "http://user:secret@x.test/": 1 } }, RangeError);
  assert(message.includes("names http://x.test/, but the mirrors are: "), message);
  assert(message.includes(URLS.join(", ")), message);
  assert(!message.includes("secret"), message);
  const fraction = refused({ staticDelays: { [URLS[0]!]: 0.5 } }, TypeError);
  assert(fraction.includes("is 0.5, but must be a whole number"), fraction);
  assertThrows(() => resolveOptions(URLS, { staticDelays: { nothing: 1 } }), MirrorUrlError);
});

Deno.test("resolveOptions(): headers that belong to the engine are refused in any case", () => {
  for (const name of ["Range", "if-range", "Accept-Encoding", "CONTENT-LENGTH"]) {
    const message = refused({ headers: { [name]: "x" } }, TypeError);
    assert(message.includes(`"${name.toLowerCase()}"`), message);
  }
});

Deno.test("resolveOptions() refuses what is no rule, certificate or list, and names the option", () => {
  const rows = [
    [{ connect: "x" }, 'connect is "x"'],
    [{ connect: { resolve: { x: "y" } } }, "connect.resolve has"],
    [{ connect: { family: 4 }, proxy: "http://p.example" }, "connect cannot be used with a proxy"],
    [{ clientCertificate: "x" }, 'clientCertificate is "x"'],
    [{ clientCertificate: { cert: "x" } }, "clientCertificate.key is missing"],
    [{ clientCertificate: { cert: "x", key: 5 } }, "clientCertificate.key is 5"],
    [{ expectedName: 7 }, "expectedName is 7, but must be a string"],
    [{ noProxy: ["x"] }, "noProxy is a list"],
  ] as const;
  for (const [options, says] of rows) {
    const message = refused(options, TypeError);
    assert(message.startsWith(says), message);
  }
});

Deno.test("resolveOptions(): a Host goes with HTTP/1.1 only", () => {
  const headers = { host: "one.example" };
  for (const http of ["auto", "http1"] as const) resolveOptions(URLS, { headers, http });
  const message = refused({ headers, http: "http2" }, TypeError);
  assert(message.startsWith('headers has "host", which can be sent by HTTP/1.1 only'), message);
});

Deno.test("resolveOptions(): headers are copied", () => {
  const own = new Headers({ authorization: "Bearer x" });
  const { headers } = resolveOptions(URLS, { headers: own });
  own.set("authorization", "Bearer y");
  assertEquals(headers.get("authorization"), "Bearer x");
});

Deno.test("resolveOptions(): a book is passed on as it is, and what is none is refused", () => {
  const book = new MirrorBook();
  assertStrictEquals(resolveOptions(URLS, { book }).book, book);
  for (const [value, shown] of [[book.toJSON(), "an object"], [null, "null"], ["b", '"b"']]) {
    const message = refused({ book: value }, TypeError);
    assertEquals(message, `book is ${shown}, but must be an instance of MirrorBook`);
  }
});

Deno.test("resolveOptions(): a signal that is none is refused, before anything waits for it", () => {
  const { signal } = new AbortController();
  assertStrictEquals(resolveOptions(URLS, { signal }).signal, signal);
  for (const [value, shown] of [[new AbortController(), "an object"], [null, "null"], [0, "0"]]) {
    const message = refused({ signal: value }, TypeError);
    assertEquals(message, `signal is ${shown}, but must be an instance of AbortSignal`);
  }
});

Deno.test("resolveOptions() says which mirrors were given more than once", () => {
  const { mirrors, notes } = resolveOptions([...URLS, "http://user:secret@one.test/file"]);
  assertEquals(mirrors.length, 2);
  assertEquals(notes, ["http://one.test/file was given more than once; it counts as one mirror"]);
});

Deno.test("resolveOptions() needs mirrors that are http or https", () => {
  for (const urls of [[], ["file"], ["ftp://one.test/file"]]) {
    assertThrows(() => resolveOptions(urls), MirrorUrlError);
  }
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
