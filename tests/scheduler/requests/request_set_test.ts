import { assertEquals } from "@std/assert";
import type { ByteRange } from "../../../lib/http/byte_range.ts";
import { Mirror } from "../../../lib/scheduler/mirror/mirror.ts";
import { Requests } from "../../../lib/scheduler/requests/request_set.ts";
import type { LiveRequest, NewRequest } from "../../../lib/scheduler/requests/live_request.ts";

const ONE = "http://one.test/";

/** Opens a request, for a range of the file unless said otherwise. */
function open(requests: Requests, asked: Partial<NewRequest> = {}, now = 5): LiveRequest {
  return requests.open(
    { mirror: new Mirror(ONE), kind: "range", start: 0, end: 100, ...asked },
    now,
  );
}

function pairs(intervals: readonly ByteRange[]) {
  return intervals.map(({ start, end }) => [start, end]);
}

Deno.test("Requests.open(): a request owns the whole range, and nothing has arrived", () => {
  const mirror = new Mirror(ONE, { known: { bytesPerSecond: 1e6, latencyMs: 30 } });
  const request = open(new Requests(), { mirror, start: 10, end: 50 });
  const { id, kind, start, end, claimEnd, position } = request;
  assertEquals([id, kind, start, end, claimEnd, position], [0, "range", 10, 50, 50, 10]);
  const { startedAt, cold, dueAt, answeredAt, activeAt, held, paid, useful } = request;
  assertEquals([startedAt, cold, dueAt, answeredAt, activeAt], [5, true, 65, undefined, 5]);
  assertEquals([held, paid, useful], [false, 0, 0]);
  assertEquals(mirror.live, [request]);
});

Deno.test("Requests: numbers are never used twice, and the oldest request comes first", () => {
  const requests = new Requests();
  const [first, second, third] = [open(requests), open(requests), open(requests)];
  requests.close(second, true, 6);
  const fourth = open(requests);
  assertEquals([...requests], [first, third, fourth]);
  assertEquals([...requests].map(({ id }) => id), [0, 2, 3]);
  assertEquals([requests.get(1), requests.get(2)], [undefined, third]);
});

Deno.test("Requests.whole is the request for the whole file", () => {
  const requests = new Requests();
  open(requests, { kind: "probe" });
  open(requests);
  assertEquals(requests.whole, undefined);
  const whole = open(requests, { kind: "whole", end: Infinity });
  assertEquals(requests.whole, whole);
});

Deno.test("Requests.claims is what is owned and has not arrived, Requests.remnants what may arrive besides", () => {
  const table = [
    // kind, position, claimed up to, end → claims, remnants
    ["range", 0, 100, 100, [[0, 100]], []],
    ["range", 40, 100, 100, [[40, 100]], []],
    ["range", 40, 60, 100, [[40, 60]], [[60, 100]]],
    ["range", 60, 60, 100, [[60, 60]], [[60, 100]]],
    ["range", 80, 60, 100, [[60, 60]], [[80, 100]]],
    ["whole", 40, Infinity, Infinity, [[40, Infinity]], []],
    ["probe", 0, 100, 100, [], []],
  ] as const;
  for (const [kind, position, claimEnd, end, claims, remnants] of table) {
    const requests = new Requests();
    const request = open(requests, { kind, end });
    request.advance(Math.min(position, claimEnd));
    request.cut(claimEnd);
    request.advance(position - request.position);
    assertEquals(pairs(requests.claims), claims.map(([from, to]) => [from, to]));
    assertEquals(pairs(requests.remnants), remnants.map(([from, to]) => [from, to]));
  }
});

Deno.test("Requests: a request that has lost its head owns what follows, and may deliver both", () => {
  const requests = new Requests();
  const request = open(requests, { end: 100 });
  const at = (): number[][][] => [pairs(requests.claims), pairs(requests.remnants)];
  request.advance(10);
  assertEquals(request.cutHead(40), { start: 10, end: 40 });
  assertEquals(at(), [[[40, 100]], [[10, 40]]]);
  // Not what it has lost before, and never back again.
  assertEquals(request.cutHead(20), { start: 40, end: 40 });
  assertEquals(request.cut(80), { start: 80, end: 100 });
  assertEquals(at(), [[[40, 80]], [[10, 40], [80, 100]]]);
  request.advance(40);
  assertEquals(at(), [[[50, 80]], [[80, 100]]]);
  assertEquals(request.cutHead(200), { start: 50, end: 80 });
  assertEquals(at(), [[[80, 80]], [[50, 80], [80, 100]]]);
});

Deno.test("Requests.close() keeps the mirror in step; a connection that is kept serves again", () => {
  const requests = new Requests();
  const mirror = new Mirror(ONE);
  const [first, second, third] = [1, 2, 3].map(() => open(requests, { mirror }));
  assertEquals([first!.cold, mirror.live], [true, [first, second, third]]);
  requests.close(second!, true, 20);
  assertEquals(mirror.live, [first, third]);
  requests.close(third!, false, 20);
  assertEquals(open(requests, { mirror }).cold, false);
  assertEquals(open(requests, { mirror }).cold, true);
});

Deno.test("Requests: some may be opened and closed during an iteration", () => {
  const requests = new Requests();
  for (let count = 0; count < 3; count++) open(requests);
  const seen: number[] = [];
  for (const request of requests) {
    seen.push(request.id);
    requests.close(request, false, 7);
    if (seen.length === 1) open(requests);
  }
  assertEquals(seen, [0, 1, 2, 3]);
});

Deno.test("LiveRequest.deliveringMs(): the time since the answer, without that for which it was not read", () => {
  const request = open(new Requests(), { bodyEnd: 1000 }, 0);
  assertEquals(request.deliveringMs(50), 0);
  request.answered({ type: "partial", start: 0, end: 1000, size: 1000 }, 100);
  assertEquals(request.deliveringMs(130), 30);
  request.touch(140);
  request.advance(100);
  // It has delivered all that it may.
  request.extend(200, 1140);
  assertEquals(request.deliveringMs(1150), 50);
  // The process stood still.
  request.excuse(500, 1700);
  assertEquals(request.deliveringMs(1700), 100);
});
