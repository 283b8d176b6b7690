import { assertEquals, assertRejects } from "@std/assert";
import { resolveOptions } from "../../lib/engine/options/resolve_options.ts";
import { MirrorHabits } from "../../lib/http/mirror_habits.ts";
import type { Requested } from "../../lib/transport/exchange.ts";
import { Transport } from "../../lib/transport/transport.ts";

const SIZE = 100;
const URL_OF_MIRROR = "http://one.example/file";

type Answer = (url: URL, headers: Headers, count: number) => Response | Promise<Response>;

/** A transport whose requests `answer` answers, whatever becomes of their signals. */
function transportOf(answer: Answer) {
  const asked: string[] = [];
  const own: typeof fetch = (input, init) => {
    const [url, headers] = [new URL(String(input)), new Headers(init?.headers)];
    const condition = headers.has("if-range") ? ", if unchanged" : "";
    asked.push(`${url.pathname} ${headers.get("range")}${condition}`);
    return Promise.resolve(answer(url, headers, asked.length));
  };
  const habits = new MirrorHabits();
  const options = resolveOptions([URL_OF_MIRROR], { fetch: own });
  const transport = new Transport({ ...options, habits, knownMirrors: [] });
  const { signal } = new AbortController();
  return {
    ...{ asked, habits, transport },
    async begin() {
      const wanted = { start: 0, end: 10, size: undefined, purpose: "first" } as const;
      const { body } = await transport.request(0, wanted, signal);
      while (await body.read() !== undefined);
    },
    ask: (start: number, end: number, own: AbortSignal = signal, size?: number) =>
      transport.request(0, { start, end, size } satisfies Requested, own),
  };
}

function part(start: number, end: number, body?: ReadableStream): Response {
  const fields = { "content-range": `bytes ${start}-${end - 1}/${SIZE}`, etag: '"a"' };
  return new Response(body ?? new Uint8Array(end - start), { status: 206, headers: fields });
}

Deno.test("Transport.request(): only the last place of a redirect is judged by an If-Range that it had", async () => {
  const { transport, asked, begin, ask } = transportOf((url, _, count) => {
    if (count === 1) return part(0, 10);
    if (url.pathname === "/file") return Response.redirect("http://one.example/moved");
    const headers = { etag: '"a"', "content-length": `${SIZE}` };
    return new Response(new Uint8Array(SIZE), { headers });
  });
  await begin();
  const { answer, body } = await ask(10, 20, undefined, SIZE);
  assertEquals(answer, { type: "whole", size: SIZE });
  await body.cancel();
  const expected = ["/file bytes=0-9", "/file bytes=10-19, if unchanged", "/moved bytes=10-19"];
  assertEquals(asked, expected);
  assertEquals(transport.unreliableMirrors, []);
  await transport.close();
});

Deno.test("Transport.request(): a form that was cancelled before its first byte is requested again", async () => {
  let isSilent = true;
  const { transport, asked, habits, begin, ask } = transportOf((_, headers) => {
    const start = Number(/\d+/.exec(headers.get("range")!)![0]);
    if (start === 0) return part(0, 10);
    return part(start, SIZE, isSilent ? new ReadableStream({ type: "bytes" }) : undefined);
  });
  await begin();
  const controller = new AbortController();
  const { body } = await ask(90, SIZE, controller.signal, SIZE);
  const reading = body.read();
  controller.abort();
  await body.cancel();
  await assertRejects(() => reading);
  isSilent = false;
  await (await ask(90, SIZE, undefined, SIZE)).body.cancel();
  assertEquals(asked.slice(1), ["/file bytes=90-, if unchanged", "/file bytes=90-, if unchanged"]);
  assertEquals(habits.needsEnd(URL_OF_MIRROR, performance.now()), false);
  await transport.close();
});

Deno.test("Transport.request(): a body is cancelled with the question what it is", async () => {
  const cancelled = Promise.withResolvers<void>();
  const questioned = Promise.withResolvers<void>();
  const { transport, asked, ask } = transportOf((_url, _headers, count) => {
    if (count > 1) {
      questioned.resolve();
      return new Promise(() => {});
    }
    const body = new ReadableStream({ cancel: () => cancelled.resolve() });
    return new Response(body, { headers: { "content-length": "20" } });
  });
  const controller = new AbortController();
  const pending = ask(10, 30, controller.signal);
  await questioned.promise;
  controller.abort(new Error("enough"));
  await assertRejects(() => pending);
  await cancelled.promise;
  assertEquals(asked, ["/file bytes=10-29", "/file null"]);
  await transport.close();
});
