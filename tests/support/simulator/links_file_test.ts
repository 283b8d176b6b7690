import { assertEquals, assertThrows } from "@std/assert";
import { readLinks } from "./links_file.ts";

Deno.test("readLinks() reads links, and what they share", () => {
  const link = { bytesPerSecond: 1000, roundTripMs: 20 };
  const changing = { ...link, jitterMs: 3, ratesAt: [[1, 500], [2, 0]] };
  const text = JSON.stringify({ size: 10, links: [link, changing], clientBytesPerSecond: 1500 });
  assertEquals(readLinks("own", text), {
    ...{ name: "own", size: 10, slowStart: true, bounds: {}, clientBytesPerSecond: 1500 },
    links: [link, { ...changing, ratesAt: [[1, 500], [2, 0]] }],
  });
});

Deno.test("readLinks() says what is wrong", () => {
  const link = { bytesPerSecond: 1000, roundTripMs: 20 };
  for (
    const [network, message] of [
      [{ size: 10, links: [] }, "it has no links"],
      [{ size: 0, links: [link] }, "size"],
      [{ size: 10, links: [{ roundTripMs: 1 }] }, "links[0].bytesPerSecond"],
      [{ size: 10, links: [{ ...link, rate: 1 }] }, "unknown rate"],
      [{ size: 10, links: [link], speed: 1 }, "unknown speed"],
      [{ size: 10, links: [{ ...link, ratesAt: [[2, 1], [1, 1]] }] }, "ratesAt[1][0]"],
      [[], "must be an object"],
    ] as const
  ) assertThrows(() => readLinks("own", JSON.stringify(network)), Error, message);
});
