import { assertAlmostEquals, assertEquals } from "@std/assert";
import { mirrorNames, reportOf } from "../../../lib/cli/plot/trace_report.ts";
import { EVENTS, FAST, IDLE, receive, recording, SLOW } from "../../trace/sample.ts";

Deno.test("reportOf() has the measures that are worked out by hand", () => {
  const report = reportOf(recording());
  assertEquals(report.outcome, "complete");
  assertEquals(report.delayRequest, "diff");
  assertEquals([report.fileBytes, report.receivedBytes, report.blocks], [5e6, 5e6, 5]);
  assertEquals([report.wallMs, report.lastBlockMs], [5250, 5000]);
  assertEquals([report.goodputBytesPerSecond, report.idealIntervalMs], [1e6, 1000]);
  assertEquals([report.initialBufferingMs, report.meanPositiveDelayMs], [3000, 1500]);
  assertEquals([report.invalidBlocks.median, report.invalidBlocks.maximum], [0, 2]);
  assertAlmostEquals(report.invalidBlocks.mean, 0.6);
  assertAlmostEquals(report.invalidBlocks.standardDeviation, 0.8);
  assertEquals([report.returnedAtOnce.median, report.returnedAtOnce.maximum], [1, 3]);
  assertEquals(report.returnIntervalMs.mean, 2250);
  assertEquals(report.duplicateRequests, 1);
});

Deno.test("reportOf() tells what each mirror did, those that did nothing too", () => {
  const { mirrors } = reportOf(recording());
  assertEquals(mirrors.map(({ url }) => url), [FAST, SLOW, IDLE]);
  assertEquals(mirrors.map(({ blocks }) => blocks), [4, 1, 0]);
  assertEquals(mirrors.map(({ bytes }) => bytes), [4e6, 1e6, 0]);
  assertEquals(mirrors.map(({ share }) => share), [0.8, 0.2, 0]);
  assertEquals(mirrors.map(({ requests }) => requests), [3, 1, 0]);
  assertEquals(mirrors.map(({ duplicateRequests }) => duplicateRequests), [1, 0, 0]);
  assertEquals(mirrors.map(({ failures }) => failures), [0, 1, 0]);
  const { mean, median } = mirrors[0]!.arrivalIntervalMs;
  assertEquals([mean, median], [1500, 1000]);
});

Deno.test("reportOf() tells the most requests at once, where the trace does", () => {
  const lanes = ([[4, "start"], [6, "rate"], [1, "steady"]] as const)
    .map(([lanes, reason]) => ({ type: "lanes", atMs: 1, mirror: FAST, lanes, reason } as const));
  const { mirrors } = reportOf(recording({ events: [...lanes, ...EVENTS] }));
  assertEquals(mirrors.map(({ lanes }) => lanes), [6, null, null]);
  assertEquals(reportOf(recording()).mirrors.map(({ lanes }) => lanes), [null, null, null]);
});

Deno.test("reportOf() knows a mirror by the spelling of events, and one that was not given", () => {
  const urls = ["HTTP://Fast.test:80/pub/file.bin#part"];
  const { mirrors } = reportOf(recording({ urls }));
  assertEquals(mirrors.map(({ url }) => url), [FAST, SLOW]);
});

Deno.test("reportOf() of a trace that ends early", () => {
  const events = EVENTS.slice(1, -3);
  const report = reportOf(recording({ events, options: {}, sphttp: undefined, start: 7 }));
  assertEquals(report.outcome, null);
  assertEquals(report.fileBytes, null);
  assertEquals(report.delayRequest, null);
  assertEquals(report.sphttp, null);
  assertEquals(report.start, 7);
  assertEquals([report.blocks, report.wallMs], [3, 2000]);
});

Deno.test("reportOf() of blocks that all came at once divides by nothing", () => {
  const report = reportOf(recording({ events: [receive(0, 0, FAST), receive(0, 1, FAST)] }));
  assertEquals(report.goodputBytesPerSecond, 0);
  assertEquals(JSON.stringify(report).includes('null,"start"'), true);
  assertEquals(/NaN|Infinity/.test(JSON.stringify(report)), false);
});

Deno.test("mirrorNames() are hosts, numbered where those are the same", () => {
  const urls = [
    "http://a.test:8080/f",
    "https://b.test/one/f",
    "https://c.test/f",
    "https://b.test/f",
  ];
  assertEquals(mirrorNames(urls), ["a.test:8080", "#2 b.test", "c.test", "#4 b.test"]);
  assertEquals(mirrorNames(["data:,x"]), ["data:,x"]);
  const addresses = ["https://b.test/f#192.0.2.1", "https://b.test/f#::1", "https://b.test/f#part"];
  assertEquals(mirrorNames(addresses), ["192.0.2.1", "::1", "b.test"]);
});
