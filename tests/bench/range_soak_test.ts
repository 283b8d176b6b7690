import { assert, assertEquals } from "@std/assert";
import { testWith } from "../support/programs/programs.ts";
import { soak } from "./range_soak.ts";

for (const [http, protocol] of [["http1", "HTTP/1.1"], ["http2", "HTTP/2.0"]] as const) {
  testWith(
    ["nginx"],
    `soak(): 300 ranges one after the other come by ${protocol}`,
    async () => {
      const { right, failures, connections, protocols } = await soak({
        ...{ http, ranges: 300, rangeBytes: 64 * 1024 },
      });
      assertEquals([right, failures, protocols], [300, [], [protocol]]);
      if (http === "http2") assertEquals(connections, 1);
    },
  );
}

testWith(
  ["nginx"],
  "soak(): a server that closes its HTTP/2 connections loses no range",
  async () => {
    const { right, failures, connections } = await soak({
      ...{ http: "http2", ranges: 300, rangeBytes: 64 * 1024, lanes: 3, closesAfter: 20 },
    });
    assertEquals([right, failures], [300, []]);
    assert(connections >= 15, `${connections}`);
  },
);
