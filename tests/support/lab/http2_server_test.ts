import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { testCertificates } from "./certificates.ts";
import { randomContent } from "./content.ts";
import { type Http2End, startHttp2Server } from "./http2_server.ts";

Deno.test("startHttp2Server() reads ranges, and serves more than the windows of a client", async () => {
  const content = randomContent(20_000_000, 3);
  const seen: (string | undefined)[] = [];
  await using server = await startHttp2Server({
    serve(range) {
      seen.push(range);
      return { status: 206, fields: { "x-a": 1 }, body: content.read(0, content.size) };
    },
  });
  using client = Deno.createHttpClient({ caCerts: [(await testCertificates()).caPem] });
  const ranges = ["bytes=0-", "bytes=1234567-8901234", undefined, "bytes=-5", "bytes=0-"];
  // The first ones before the client knows of settings.
  const bodies = await Promise.all(ranges.map(async (range) => {
    const headers: HeadersInit = range === undefined ? {} : { range };
    const response = await fetch(server.origin, { client, headers });
    assertEquals([response.status, response.headers.get("x-a")], [206, "1"]);
    return await response.bytes();
  }));
  assertEquals(seen.toSorted(), ranges.toSorted());
  assertEquals(server.versions, ranges.map(() => "2"));
  const whole = content.read(0, content.size);
  for (const body of bodies) assertEquals(Buffer.compare(body, whole), 0);
});

Deno.test("startHttp2Server() ends streams and connections", async () => {
  const { caPem } = await testCertificates();
  for (const end of ["rst", "goaway", "goaway and rst"] satisfies Http2End[]) {
    const body = new Uint8Array(50_000);
    await using server = await startHttp2Server({ serve: () => ({ status: 200, body, end }) });
    using client = Deno.createHttpClient({ caCerts: [caPem] });
    for (const sessions of end === "rst" ? [1, 1] : [1, 2]) {
      const response = await fetch(server.origin, { client });
      const read = response.bytes();
      // A reset that says that there is no error is the end of a body to the client.
      if (end === "goaway and rst") assertEquals((await read).length, body.length);
      else await assertRejects(() => read, TypeError);
      assertEquals(server.sessions, sessions);
    }
  }
});
