import { assertEquals, assertThrows } from "@std/assert";
import { request } from "node:http";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { serveMetrics } from "../../../lib/proxy/command/metrics_place.ts";
import { freePort } from "../../support/lab/free_port.ts";

/** Returns the status and the text of a response; `fetch` would not send another Host. */
function ask(port: number, path: string, method = "GET", host = "127.0.0.1"): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { port, path, method, headers: { host, connection: "close" } };
  request({ hostname: "127.0.0.1", ...options }, async (response) => {
    const parts = await Array.fromAsync(response);
    resolve(`${response.statusCode} ${parts.map(String).join("")}`);
  }).on("error", reject).end();
  return promise;
}

Deno.test("serveMetrics() has nothing but the metrics, and only for its own names", async () => {
  const place = { type: "address", hostname: "127.0.0.1", port: freePort() } as const;
  const { port } = place;
  await using _ = serveMetrics(place, () => Promise.resolve(new Response("m 1\n")), () => {});
  assertEquals(await ask(port, "/metrics"), "200 m 1\n");
  const others = [
    ask(port, "/"),
    ask(port, "/proxy?url=http://a.example/f"),
    ask(port, "/metrics", "POST"),
    ask(port, "/metrics", "GET", "evil.example"),
  ];
  const statuses = (await Promise.all(others)).map((text) => text.slice(0, 3));
  assertEquals(statuses, ["404", "404", "405", "421"]);
});

Deno.test("serveMetrics() says where it cannot listen", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const place = { type: "address", hostname: "127.0.0.1", port } as const;
  assertThrows(
    () => serveMetrics(place, () => Promise.resolve(new Response()), () => {}),
    CommandError,
    `cannot listen on 127.0.0.1 port ${port} for the metrics: `,
  );
});
