import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { MirrorBook } from "../../../lib/engine/memory/mirror_book.ts";
import type { DownloaderOptions } from "../../../lib/engine/options/options.ts";
import { resolveOptions } from "../../../lib/engine/options/resolve_options.ts";
import { MirrorUrlError } from "../../../lib/errors.ts";
import { UnusedOptionError } from "../../../lib/option_errors.ts";

const URLS = ["http://one.test/file", "http://two.test/file"];

/** Returns why options are refused that somebody without a type checker has written. */
function refused(options: Record<string, unknown>, type: ErrorConstructor): string {
  const error = assertThrows(() => resolveOptions(URLS, options as DownloaderOptions), type);
  return (error as Error).message;
}

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
    [{ proxy: "secret.test:80" }, "proxy has an unsupported scheme"],
    [{ connect: "x" }, 'connect is "x"'],
    [{ connect: { resolve: { x: "y" } } }, "connect.resolve has"],
    [{ connect: { family: 4 }, proxy: "http://p.example" }, "connect cannot be used with a proxy"],
    [{ clientCertificate: "x" }, 'clientCertificate is "x"'],
    [{ clientCertificate: { cert: "x" } }, "clientCertificate.key is missing"],
    [{ clientCertificate: { cert: "x", key: 5 } }, "clientCertificate.key is 5"],
    [{ expectedName: 7 }, "expectedName is 7, but must be a string"],
    [{ noProxy: ["x"] }, "noProxy is a list"],
    [{ caCerts: "x" }, 'caCerts is "x"'],
    [{ caCerts: ["x", 5] }, "caCerts[1] is 5, but must be a string"],
    [{ retry: 5 }, "retry is 5"],
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

Deno.test("resolveOptions(): refresh, fetch and onEvent are functions", () => {
  const url = "http://a.example/";
  for (const option of ["refresh", "fetch", "onEvent"]) {
    const message = refused({ [option]: url }, TypeError);
    assertEquals(message, `${option} is "${url}", but must be a function`);
    assert(refused({ [option]: null }, TypeError).startsWith(`${option} is null`));
  }
});

Deno.test("resolveOptions() needs mirrors that are http or https", () => {
  for (const urls of [[], ["file"], ["ftp://one.test/file"]]) {
    assertThrows(() => resolveOptions(urls), MirrorUrlError);
  }
});
