import { assertEquals } from "@std/assert";
import { mostBytes, pieceOf, UNLIMITED } from "../../lib/policy/limit.ts";

const limit = (rate: number) => ({ rate, openAt: 0 });

Deno.test("pieceOf(): what may come in a tenth of a second, but no less than a kibibyte", () => {
  assertEquals([1000, 100, 20, 5, 0.001].map((rate) => pieceOf(limit(rate))), [
    100_000,
    10_000,
    2000,
    1024,
    1024,
  ]);
  assertEquals(pieceOf(UNLIMITED), Infinity);
});

Deno.test("pieceOf(): a distant mirror is asked for as much as it needs to keep up", () => {
  const piece = (latencyMs: number, maxConnections: number) =>
    pieceOf(limit(100), { latencyMs, maxConnections });
  assertEquals([10, 100, 300].map((latencyMs) => piece(latencyMs, 2)), [10_000, 10_000, 30_000]);
  // With one request at a time it has to wait for each answer.
  assertEquals([10, 100, 300].map((latencyMs) => piece(latencyMs, 1)), [10_000, 20_000, 60_000]);
  assertEquals(pieceOf(UNLIMITED, { latencyMs: 0, maxConnections: 2 }), Infinity);
});

Deno.test("mostBytes() may come in a time, and none in one that is over", () => {
  assertEquals(mostBytes(limit(20), 100, 150), 1000);
  assertEquals(mostBytes(limit(20), 150, 100), 0);
  assertEquals([mostBytes(UNLIMITED, 5, 5), mostBytes(UNLIMITED, 5, 9)], [Infinity, Infinity]);
});
