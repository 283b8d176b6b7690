import { assertEquals, assertThrows } from "@std/assert";
import { SCENARIOS } from "../../../netlab/scenarios.ts";
import { networkOf } from "./networks.ts";

Deno.test("networkOf() knows every scenario of the lab", () => {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    assertEquals(networkOf(scenario).links.length, scenario.links.length, name);
  }
});

Deno.test("networkOf() translates rates, changes, queues, losses, and what servers do", () => {
  const { links, clientBytesPerSecond } = networkOf({
    title: "all of it",
    links: [
      { rate: 8, rtt: 10, settings: { queue: "500ms", loss: 0.01, burst: 5, jitter: 20 } },
      { rate: 80, rtt: 20, at: [[1, "down"], [2, "up"], [3, "rate=16"], [4, "down"]] },
    ],
    clientMbps: 40,
    connectionMbps: 4,
    nginx: "keepalive_requests 100;",
    mtu: 9000,
  });
  const server = { connectionBytesPerSecond: 500_000, requestsPerConnection: 100, mtu: 9000 };
  assertEquals(clientBytesPerSecond, 5_000_000);
  assertEquals<unknown>(links, [
    {
      bytesPerSecond: 1_000_000,
      roundTripMs: 10,
      ratesAt: [],
      downAt: [],
      queueBytes: 500_000,
      loss: 0.01,
      lossLength: 5,
      packetJitterMs: 20,
      ...server,
    },
    {
      bytesPerSecond: 10_000_000,
      roundTripMs: 20,
      ratesAt: [[3, 2_000_000]],
      downAt: [[1, 2], [4, Infinity]],
      ...server,
    },
  ]);
});

Deno.test("networkOf() does not ignore what it does not know", () => {
  const title = "unknown";
  const link = { rate: 1, rtt: 1 };
  for (
    const scenario of [
      { title, links: [{ ...link, settings: { uprate: 1 } }] },
      { title, links: [{ ...link, settings: { queue: 70_000 } }] },
      { title, links: [link], nginx: "tcp_nodelay off;" },
    ]
  ) assertThrows(() => networkOf(scenario), RangeError, "does not know");
});
