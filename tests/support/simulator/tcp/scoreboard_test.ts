import { assertEquals } from "@std/assert";
import { type Acknowledgement, Scoreboard } from "./scoreboard.ts";

const TRIP = 20;

/** Returns a scoreboard of segments that were sent one per millisecond. */
function sentOnce(count: number): Scoreboard {
  const board = new Scoreboard();
  for (let at = 0; at < count; at++) board.send(at);
  return board;
}

function ack(next: number, ...arrived: number[]): Acknowledgement {
  return { next, arrived, windowEnd: 1000, isDuplicate: false };
}

/** Returns the lost segments in order of their retransmission at `now`. */
function repeatAll(board: Scoreboard, now: number): number[] {
  const lost: number[] = [];
  for (let segment; (segment = board.nextLost()) !== undefined;) {
    board.repeat(segment, now);
    lost.push(segment);
  }
  return lost;
}

const OPEN = { isRecovering: false, roundTripMs: TRIP };
const RECOVERING = { isRecovering: true, roundTripMs: TRIP };

Deno.test("Scoreboard counts what is delivered, and measures round trips", () => {
  const board = sentOnce(10);
  assertEquals(board.inFlight, 10);
  assertEquals(board.acknowledge(ack(2), 21), {
    count: 2,
    isForward: true,
    oldestMs: 21,
    latestMs: 20,
  });
  assertEquals([board.first, board.inFlight, board.outstanding], [2, 8, 8]);
  assertEquals(board.acknowledge(ack(2, 4, 5), 25).count, 2);
  assertEquals([board.inFlight, board.outstanding], [6, 8]);
  // Those that arrived early count once.
  assertEquals(board.acknowledge(ack(6), 26).count, 2);
  assertEquals([board.inFlight, board.outstanding], [4, 4]);
});

Deno.test("Scoreboard: three segments behind a gap show that it is lost, one only later", () => {
  const board = sentOnce(10);
  board.acknowledge(ack(2, 3), 23);
  // It may have been overtaken: for an eighth of a round trip.
  assertEquals(board.detectLosses(23, OPEN), { count: 0, againAt: 24.5 });
  assertEquals(board.detectLosses(24.5, OPEN).count, 1);
  assertEquals(board.nextLost(), 2);

  const other = sentOnce(10);
  other.acknowledge(ack(2, 3, 4, 5), 25);
  assertEquals(other.detectLosses(25, OPEN), { count: 1, againAt: Infinity });
  assertEquals([other.nextLost(), other.inFlight], [2, 4]);
  assertEquals(repeatAll(other, 25), [2]);
  assertEquals(other.inFlight, 5);
});

Deno.test("Scoreboard: all gaps before the latest arrival are lost, and are repeated in order", () => {
  const board = sentOnce(12);
  board.acknowledge(ack(1, 4, 5, 9), 29);
  assertEquals(board.detectLosses(29, OPEN).count, 6);
  assertEquals(repeatAll(board, 29), [1, 2, 3, 6, 7, 8]);
  assertEquals(board.inFlight, 8);
});

Deno.test("Scoreboard: a copy is lost, too, once a segment that was sent later has arrived", () => {
  const board = sentOnce(12);
  board.acknowledge(ack(1, 2, 3, 4), 24);
  board.detectLosses(24, OPEN);
  assertEquals(repeatAll(board, 24), [1]);
  board.acknowledge(ack(1, 5, 6, 7, 8, 9, 10, 11), 31);
  assertEquals(board.detectLosses(31, RECOVERING).count, 0);
  const later = board.send(31);
  board.acknowledge(ack(1, later), 51);
  assertEquals(board.detectLosses(51, RECOVERING).count, 1);
  assertEquals(repeatAll(board, 51), [1]);
});

Deno.test("Scoreboard: the round trip of a segment that was sent twice is not measured", () => {
  const board = sentOnce(5);
  board.acknowledge(ack(1, 2, 3, 4), 24);
  board.detectLosses(24, OPEN);
  repeatAll(board, 24);
  assertEquals(board.acknowledge(ack(5), 44), {
    count: 1,
    isForward: true,
    oldestMs: undefined,
    latestMs: undefined,
  });
});

Deno.test("Scoreboard: after a timeout all is lost that was not sent a moment ago", () => {
  const board = sentOnce(6);
  board.acknowledge(ack(1, 4), 24);
  const recent = board.send(230);
  board.loseAll(240);
  assertEquals(board.inFlight, 1);
  assertEquals(repeatAll(board, 240), [1, 2, 3, 5]);
  assertEquals(board.acknowledge(ack(recent), 260).count, 4);
});
