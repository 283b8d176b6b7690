import { assertEquals } from "@std/assert";
import { DownloadState, type DownloadStateOptions } from "../../lib/scheduler/state.ts";
import type { LiveRequest } from "../../lib/scheduler/requests/live_request.ts";

/** A download of 100 bytes from two mirrors, with room for 60 in the window. */
function download(options: Partial<DownloadStateOptions> = {}): DownloadState {
  return new DownloadState({
    urls: ["http://one.test/", "http://two.test/"],
    start: 0,
    end: 100,
    splitSize: 10,
    windowSize: 60,
    maxConnectionsPerMirror: 2,
    maxRate: Infinity,
    ...options,
  });
}

/** A range is requested from one of the mirrors. */
function ask(scene: DownloadState, start: number, end: number, mirror = 0): LiveRequest {
  return scene.send({ mirror: scene.mirrors[mirror]!, kind: "range", start, end }, 0);
}

/** A request delivers its next bytes. */
function arrive(scene: DownloadState, request: LiveRequest, length: number): void {
  scene.receive(request, length, 0);
}

function free({ ledger }: DownloadState): number[][] {
  return ledger.free.map(({ start, end }) => [start, end]);
}

Deno.test("DownloadState.send() takes the range and commands the request; a probe takes nothing", () => {
  const scene = download();
  scene.learnSize(100);
  const request = ask(scene, 20, 50, 1);
  assertEquals([free(scene), request.claimEnd], [[[0, 20], [50, 100]], 50]);
  assertEquals(scene.commands.take(), [
    {
      ...{ type: "start", request: 0, mirror: 1, kind: "range", start: 20, end: 50 },
      ...{ readTo: 50, form: "bounded", size: 100, measures: undefined },
    },
  ]);
  scene.send({ mirror: scene.mirrors[0]!, kind: "probe", start: 0, end: 4 }, 0);
  assertEquals(scene.ledger.isFree(0), true);
  assertEquals(scene.commands.take(), [
    {
      ...{ type: "start", request: 1, mirror: 0, kind: "probe", start: 0, end: 4 },
      ...{ readTo: 4, form: "bounded", size: undefined, measures: undefined },
    },
    {
      type: "report",
      event: {
        ...{ type: "ask", atMs: 0, mirror: "http://one.test/", request: 1, start: 0, end: 4 },
        form: "bounded",
      },
    },
  ]);
});

Deno.test("DownloadState.cut() frees what a request does not own any more, though it may deliver it", () => {
  const scene = download();
  const request = ask(scene, 0, 50);
  arrive(scene, request, 10);
  scene.cut(request, 30, "stolen", 0);
  assertEquals([request.claimEnd, request.end, free(scene)], [30, 50, [[30, 100]]]);
  // Not behind what has come, and never forward again.
  scene.cut(request, 5, "stolen", 0);
  assertEquals([request.claimEnd, free(scene)], [10, [[10, 100]]]);
  assertEquals(scene.ledger.wasReturned(scene.ledger.front), true);
});

Deno.test("DownloadState.cut() frees neither what is received nor what another request owns", () => {
  const scene = download();
  const request = ask(scene, 0, 50);
  arrive(scene, ask(scene, 20, 40, 1), 5);
  scene.cut(request, 10, "stolen", 0);
  assertEquals(free(scene), [[10, 20], [40, 100]]);
});

Deno.test("DownloadState.cutHead() frees what comes first; closed, the request frees the rest, not what others own", () => {
  const scene = download();
  const request = ask(scene, 0, 50);
  arrive(scene, request, 10);
  scene.cutHead(request, 30, "silent", 0);
  assertEquals([request.claimStart, request.claimEnd, free(scene)], [30, 50, [[10, 30], [
    50,
    100,
  ]]]);
  assertEquals(scene.ledger.wasReturned(10), true);
  ask(scene, 10, 30, 1);
  scene.close(request, 0);
  assertEquals(free(scene), [[30, 100]]);
});

Deno.test("DownloadState.close() frees what a request owned, and leaves what it did not own alone", () => {
  const table = [
    // position, claimed up to → free
    [0, 50, [[0, 100]]],
    [20, 50, [[20, 100]]],
    [20, 30, [[20, 30], [50, 100]]],
    [30, 30, [[50, 100]]],
    [40, 30, [[50, 100]]],
  ] as const;
  for (const [position, claimEnd, expected] of table) {
    const scene = download();
    const late = ask(scene, 0, 50);
    arrive(scene, late, position);
    scene.cut(late, claimEnd, "stolen", 0);
    if (claimEnd < 50) ask(scene, claimEnd, 50, 1);
    scene.close(late, 0);
    assertEquals(free(scene), expected.map((pair) => [...pair]), `${position}, ${claimEnd}`);
    assertEquals(scene.requests.get(late.id), undefined);
  }
});

Deno.test("DownloadState.cancel() also commands the driver", () => {
  const scene = download();
  const request = ask(scene, 0, 50);
  scene.commands.take();
  scene.cancel(request, "lost", 5);
  const [cancel, report] = scene.commands.take();
  assertEquals(cancel, { type: "cancel", request: 0 });
  const facts = { mirror: "http://one.test/", request: 0, start: 0, end: 50, goesOn: false };
  const event = { type: "cancel", atMs: 5, ...facts, reason: "lost" } as const;
  assertEquals(report, { type: "report", event });
  assertEquals([free(scene), scene.mirrors[0]!.live], [[[0, 100]], []]);
});

Deno.test("DownloadState.cancel() and close(): a request is over only once", () => {
  const scene = download();
  const [first, second] = [ask(scene, 0, 20), ask(scene, 20, 40)];
  scene.cancel(first, "lost", 5);
  scene.commands.take();
  scene.cancel(first, "lost", 6);
  scene.close(first, 7);
  assertEquals(scene.commands.take(), []);
  assertEquals([...scene.requests], [second]);
  assertEquals(scene.mirrors[0]!.live, [second]);
  assertEquals(free(scene), [[0, 20], [40, 100]]);
});

Deno.test("DownloadState.shorten(): what a response leaves out is free", () => {
  const scene = download();
  const request = ask(scene, 0, 50);
  scene.shorten(request, 40);
  assertEquals([request.end, request.claimEnd, free(scene)], [40, 40, [[40, 100]]]);
  // What it does not own any more has been given back already.
  scene.cut(request, 10, "stolen", 0);
  ask(scene, 10, 40, 1);
  scene.shorten(request, 20);
  assertEquals([request.end, request.claimEnd, free(scene)], [20, 10, [[40, 100]]]);
  assertEquals(scene.requests.remnants, [{ start: 10, end: 20 }]);
});

Deno.test("DownloadState.roomFor(): the window has room for what is neither held nor on its way", () => {
  const scene = download();
  assertEquals([scene.room, scene.roomFor(0, 100)], [60, 60]);
  const request = ask(scene, 0, 25);
  assertEquals(scene.room, 35);
  arrive(scene, request, 10);
  assertEquals([scene.room, scene.heldBytes, scene.readyBytes], [35, 10, 10]);
  scene.consume(10);
  assertEquals([scene.room, scene.heldBytes, scene.readyBytes], [45, 0, 0]);
  ask(scene, 80, 100);
  assertEquals(scene.room, 25);
});

Deno.test("DownloadState.roomFor(): bytes that may arrive though they are not owned take room, once", () => {
  const scene = download();
  const request = ask(scene, 0, 50);
  scene.cut(request, 20, "stolen", 0);
  // 20 bytes are owned, and 30 more may come.
  assertEquals(scene.room, 10);
  const table = [
    // request → room for it
    [20, 50, 40],
    [20, 30, 20],
    [40, 50, 20],
    [10, 25, 15],
    [40, 80, 20],
    [50, 80, 10],
    [0, 20, 10],
  ] as const;
  for (const [start, end, room] of table) {
    assertEquals(scene.roomFor(start, end), room, `${start}-${end}`);
  }
  // Others own some of it, and others have delivered some.
  const other = ask(scene, 20, 40, 1);
  assertEquals([scene.room, scene.roomFor(40, 50)], [10, 20]);
  arrive(scene, other, 20);
  assertEquals([scene.room, scene.roomFor(40, 50)], [10, 20]);
  scene.close(request, 0);
  assertEquals(scene.room, 40);
});

Deno.test("DownloadState.roomFor(): never more than was there, whichever request delivers", () => {
  const scene = download({ windowSize: 50 });
  const late = ask(scene, 0, 40);
  scene.cut(late, 0, "stolen", 0);
  const room = scene.roomFor(0, 40);
  assertEquals(room, 50);
  const other = ask(scene, 0, 40, 1);
  arrive(scene, late, 30);
  arrive(scene, other, 10);
  assertEquals([scene.heldBytes, scene.room], [30, 10]);
});

Deno.test("DownloadState.discard() begins anew", () => {
  const scene = download();
  scene.learnSize(100);
  arrive(scene, ask(scene, 0, 30), 30);
  scene.countReceived();
  scene.discard(0);
  assertEquals([scene.size, scene.received, scene.heldBytes], [undefined, 0, 0]);
  assertEquals([scene.ledger.front, free(scene)], [0, [[0, 100]]]);
});
