import { assertEquals } from "@std/assert";
import { type Flow, FlowMeter } from "../../../lib/scheduler/mirror/flow.ts";

/** A chunk: when it arrives, and after which pause in its response, in milliseconds. */
type Chunk = readonly [now: number, pauseMs: number];

/** Chunks from `from` to `to`, each `everyMs`, after pauses of `pauseMs`. */
function chunks(from: number, to: number, everyMs: number, pauseMs: number): Chunk[] {
  const count = Math.floor((to - from) / everyMs);
  return Array.from({ length: count }, (_, index) => [from + index * everyMs, pauseMs] as const);
}

function flowAfter(roundTripMs: number, ...parts: Chunk[][]): Flow {
  const meter = new FlowMeter();
  for (const [now, pauseMs] of parts.flat()) meter.received(pauseMs, roundTripMs, now);
  return meter.flow;
}

Deno.test("FlowMeter: bytes flow steadily, or with pauses of half a round trip", () => {
  const table: [Flow, number, ...Chunk[][]][] = [
    // Eight round trips do not count, and eight more have to pass.
    ["unknown", 20, chunks(0, 150, 10, 1)],
    ["unknown", 20, chunks(0, 310, 10, 1)],
    ["steady", 20, chunks(0, 350, 10, 1)],
    // However short a round trip is, it takes a tenth of a second.
    ["unknown", 1, chunks(0, 100, 1, 1)],
    ["steady", 1, chunks(0, 120, 1, 1)],
    // Pauses count from the ninth round trip on, four of them.
    ["unknown", 20, chunks(0, 160, 20, 20)],
    ["unknown", 20, chunks(0, 160, 20, 1), chunks(170, 230, 20, 20)],
    ["bursty", 20, chunks(0, 190, 10, 1), chunks(190, 270, 20, 20)],
    // Shorter ones are nothing, and neither are those of a busy machine.
    ["steady", 20, chunks(0, 400, 10, 9)],
    ["steady", 1, chunks(0, 200, 3, 3)],
    // A steady link may become bursty, but a pause now and then does not make it so.
    ["bursty", 20, chunks(0, 400, 10, 1), chunks(400, 500, 20, 20)],
    [
      "steady",
      20,
      ...[0, 1, 2, 3, 4, 5].flatMap((n) => [
        chunks(400 * n, 400 * n + 380, 10, 1),
        chunks(400 * n + 380, 400 * n + 400, 20, 20),
      ]),
    ],
    // A bursty one stays so.
    ["bursty", 20, chunks(0, 400, 20, 20), chunks(400, 2000, 10, 1)],
  ];
  for (const [index, [flow, roundTripMs, ...parts]] of table.entries()) {
    assertEquals(flowAfter(roundTripMs, ...parts), flow, `row ${index}`);
  }
});

Deno.test("FlowMeter: a pause that is longer than any recovery halts, whatever was before", () => {
  const table: [Flow, number, ...Chunk[][]][] = [
    ["halting", 20, [[0, 0], [300, 250]]],
    ["halting", 20, chunks(0, 400, 10, 1), [[700, 300]]],
    // It is longer than so many round trips, too.
    ["steady", 100, chunks(0, 1700, 10, 1), [[2100, 400]]],
  ];
  for (const [flow, roundTripMs, ...parts] of table) {
    assertEquals(flowAfter(roundTripMs, ...parts), flow, JSON.stringify(parts));
  }
});

Deno.test("FlowMeter: the only mirror is bursty after two periods of pauses, outside of trials", () => {
  const meter = new FlowMeter(true);
  const receive = (parts: Chunk[]) => parts.forEach(([now, ms]) => meter.received(ms, 20, now));
  receive([...chunks(0, 500, 10, 1), ...chunks(500, 760, 20, 20), ...chunks(760, 2000, 10, 1)]);
  assertEquals(meter.flow, "steady");
  receive(chunks(2000, 2400, 20, 20));
  meter.interrupt();
  receive(chunks(2400, 2900, 20, 20));
  assertEquals(meter.flow, "steady");
  receive(chunks(2900, 3700, 20, 20));
  assertEquals(meter.flow, "bursty");
});
