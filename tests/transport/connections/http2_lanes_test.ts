import { assertEquals, assertStrictEquals } from "@std/assert";
import { Http2Lanes } from "../../../lib/transport/connections/http2_lanes.ts";

/** Clients that only know whether they were closed. */
function fakeLanes() {
  const opened: { closed: boolean }[] = [];
  const lanes = new Http2Lanes(() => {
    const client = { closed: false, close: () => void (client.closed = true) };
    opened.push(client);
    return client as unknown as Deno.HttpClient;
  });
  return { lanes, opened };
}

Deno.test("Http2Lanes.take(): requests at the same time have connections of their own", () => {
  const { lanes, opened } = fakeLanes();
  const taken = Array.from({ length: 5 }, () => lanes.take());
  assertEquals([opened.length, new Set(taken.map(({ client }) => client)).size], [5, 5]);
});

Deno.test("Http2Lanes.take(): one after the other has the same, the one that was idle last", () => {
  const { lanes, opened } = fakeLanes();
  const [first, second] = [lanes.take(), lanes.take()];
  second.release();
  first.release();
  for (let count = 0; count < 10; count++) {
    const { client, release } = lanes.take();
    assertStrictEquals(client, first.client);
    release();
  }
  assertEquals(opened.length, 2);
});

Deno.test("Http2Lanes.take(): connections are bounded, and shared evenly beyond that", () => {
  const { lanes, opened } = fakeLanes();
  const taken = Array.from({ length: 40 }, () => lanes.take());
  assertEquals(opened.length, 16);
  const shares = opened.map((one) =>
    taken.filter(({ client }) => client as unknown === one).length
  );
  assertEquals([Math.min(...shares), Math.max(...shares)], [2, 3]);
});

Deno.test("Http2Lanes: a lane given back twice counts once", () => {
  const { lanes, opened } = fakeLanes();
  const [one, _other] = [lanes.take(), lanes.take()];
  one.release();
  const again = lanes.take();
  one.release();
  assertStrictEquals(again.client, one.client);
  lanes.take();
  assertEquals(opened.length, 3);
});

Deno.test("Http2Lanes.close() closes all of its clients", () => {
  const { lanes, opened } = fakeLanes();
  lanes.take().release();
  lanes.take();
  lanes.take();
  lanes.close();
  assertEquals(opened, [{ ...opened[0]!, closed: true }, { ...opened[1]!, closed: true }]);
});
