import { assertEquals } from "@std/assert";
import { labArguments, SCENARIOS } from "./scenarios.ts";

Deno.test("labArguments() of links, timelines, servers and packets", () => {
  const args = labArguments({
    title: "",
    links: [
      { rate: 150, rtt: 10, settings: { loss: 0.01, queue: "1000ms" } },
      { rate: 5, rtt: 300, at: [[2, "down"], [3.5, "rate=1"]] },
    ],
    clientMbps: 100,
    connectionMbps: 10,
    nginx: "keepalive_requests 100;",
    name: "mirrors.test",
    mtu: 9000,
  });
  assertEquals(args, [
    ...["--link", "rate=150,rtt=10,loss=0.01,queue=1000ms"],
    ...["--link", "rate=5,rtt=300,at=2:down,at=3.5:rate=1"],
    ...["--client-mbps", "100"],
    ...["--nginx", "keepalive_requests 100; limit_rate 1250000;"],
    ...["--name", "mirrors.test"],
    ...["--mtu", "9000"],
  ]);
});

Deno.test("SCENARIOS: timelines are in order of time", () => {
  for (const [name, { links }] of Object.entries(SCENARIOS)) {
    for (const { at = [] } of links) {
      const times = at.map(([seconds]) => seconds);
      assertEquals(times, times.toSorted((one, other) => one - other), name);
    }
  }
});
