import { assert, assertEquals, assertRejects } from "@std/assert";
import { MirrorError } from "../../lib/errors.ts";
import { FILE, part, readAll, SIZE, withScript } from "./scripted_file.ts";
import type { Request, Script } from "./scripted_server.ts";

Deno.test("Transport.request(): parts with status 200 are parts", async () => {
  const ok = (request: Request) => part(request, (fields) => fields, 200);
  await withScript(ok, async (ask) => {
    for (const [start, end] of [[0, 12288], [20000, 30000]] as const) {
      const reply = await ask(start, end);
      assertEquals(reply.answer, { type: "partial", start, end, size: SIZE });
      assertEquals(await readAll(reply), FILE.slice(start, end));
    }
    const whole = await ask(0, undefined);
    assertEquals(whole.answer, { type: "whole", size: SIZE });
    assertEquals(await readAll(whole), FILE);
  });
});

Deno.test("Transport.request(): blocks that are wider than requested are cut", async () => {
  const BLOCK = 4096;
  const blocks = (request: Request): Script => {
    const { start, end } = request.range!;
    const from = Math.floor(start / BLOCK) * BLOCK;
    const to = Math.min(Math.ceil(end / BLOCK) * BLOCK, SIZE);
    return part({ ...request, range: { start: from, end: to } }, (fields) => fields);
  };
  await withScript(blocks, async (ask) => {
    for (const [start, end] of [[0, 12000], [5000, 6000], [4096, 8192], [49000, SIZE]] as const) {
      const reply = await ask(start, end, { size: SIZE });
      assertEquals(reply.answer, { type: "partial", start, end, size: SIZE });
      assertEquals(await readAll(reply), FILE.slice(start, end));
    }
  });
});

Deno.test("Transport.request(): an open range is cut at the end that is wanted", async () => {
  await withScript((request) => part(request, (fields) => fields), async (ask, { requests }) => {
    const all = await ask(100, undefined, { form: "open" });
    assertEquals(all.answer, { type: "partial", start: 100, end: SIZE, size: SIZE });
    assertEquals(await readAll(all), FILE.slice(100));
    const some = await ask(100, 200, { form: "open" });
    assertEquals(some.answer, { type: "partial", start: 100, end: 200, size: SIZE });
    assertEquals(await readAll(some), FILE.slice(100, 200));
    assertEquals(requests.map(({ headers }) => headers.range), ["bytes=100-", "bytes=100-"]);
    const plain = await ask(100, 200, { form: "plain" });
    assertEquals(plain.answer, { type: "whole", size: SIZE });
    assertEquals(await readAll(plain), FILE);
    assertEquals(requests.at(-1)!.headers.range, undefined);
  });
});

Deno.test("Transport.request(): a body with Transfer-Encoding: identity ends with its length", async () => {
  const identity = (request: Request): Script => {
    const script = part(request, (fields) => fields);
    return { ...script, fields: [...script.fields, "Transfer-Encoding: identity"] };
  };
  await withScript(identity, async (ask) => {
    for (const [start, end] of [[0, 12288], [20000, 30000]] as const) {
      assertEquals(await readAll(await ask(start, end)), FILE.slice(start, end));
    }
  });
});

Deno.test("Transport.request(): stored encodings arrive as they are stored", async () => {
  const gzip = new Blob([FILE]).stream().pipeThrough(new CompressionStream("gzip"));
  const stored = new Uint8Array(await new Response(gzip).arrayBuffer());
  for (const encoding of ["gzip", "x-gzip", "br", "aws-chunked"]) {
    const answer = ({ range }: Request): Script => {
      const { start, end } = range ?? { start: 0, end: Infinity };
      const body = stored.slice(start, end);
      const fields = [`Content-Encoding: ${encoding}`, `Content-Length: ${body.length}`];
      if (range === undefined) return { status: 200, fields, body };
      const last = start + body.length - 1;
      return {
        status: 206,
        fields: [...fields, `Content-Range: bytes ${start}-${last}/${stored.length}`],
        body,
      };
    };
    await withScript(answer, async (ask, { requests }) => {
      const range = await ask(10, 1000);
      assertEquals([range.encoding, await readAll(range)], [encoding, stored.slice(10, 1000)]);
      const whole = await ask(0, undefined);
      assertEquals([whole.encoding, await readAll(whole)], [encoding, stored]);
      assert(requests.every(({ headers }) => headers["accept-encoding"] === "identity"));
    });
  }
});

Deno.test("Transport.request(): an encoding made on the way is refused, and named", async () => {
  const chunked = (): Script => ({
    status: 200,
    fields: ["Content-Encoding: gzip", "Transfer-Encoding: chunked"],
    body: new TextEncoder().encode("3\r\nabc\r\n0\r\n\r\n"),
  });
  await withScript(chunked, async (ask) => {
    const error = await assertRejects(() => ask(0, 100), MirrorError, "on the way (gzip)");
    assertEquals(error.reason, "encoding");
  });
});
