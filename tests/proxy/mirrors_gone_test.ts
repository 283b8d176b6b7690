import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { NoMirrorLeftError } from "../../mod.ts";
import { createHandler } from "../../server.ts";
import { randomContent } from "../support/lab/content.ts";
import { withMirrors } from "../support/download.ts";
import { DOWNLOAD, withProxyOf } from "../support/proxy/proxy_scene.ts";

/** Larger than what is read ahead. */
const FILE = randomContent(60_000_000, 43);
/** How long the mirrors are gone, in milliseconds: longer than the downloads' own retries. */
const GONE_MS = 700;

/** A mirror that can be closed, with all its connections, and opened again on the same port. */
class Mirror implements AsyncDisposable {
  #port = 0;
  #closing = new AbortController();
  #server = this.#open();

  get url(): string {
    return `http://127.0.0.1:${this.#port}/film`;
  }

  #open(): Deno.HttpServer<Deno.NetAddr> {
    this.#closing = new AbortController();
    const { signal } = this.#closing;
    const listen = { hostname: "127.0.0.1", port: this.#port, signal, onListen() {} };
    const server = Deno.serve(listen, (request) => {
      const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range")!)!;
      const start = Number(from);
      const end = to === "" ? FILE.size : Math.min(FILE.size, Number(to) + 1);
      const headers = {
        "content-range": `bytes ${start}-${end - 1}/${FILE.size}`,
        "content-length": `${end - start}`,
        etag: '"1"',
      };
      let at = start;
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          await delay(5, { signal }).catch(() => {});
          if (signal.aborted) return;
          const next = Math.min(end, at + 64 * 1024);
          if (at < next) controller.enqueue(FILE.read(at, next));
          at = next;
          if (at === end) controller.close();
        },
      });
      return new Response(body, { status: 206, headers });
    });
    this.#port = server.addr.port;
    return server;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#server.finished;
  }

  open(): void {
    this.#server = this.#open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Reads a file, whose mirrors are gone for as long as `gone` takes; `rest` is what the client has read then. */
async function withGone(retryMaxMs: number, gone: (rest: Promise<number>) => Promise<unknown>) {
  await using one = new Mirror();
  await using two = new Mirror();
  const options = { retryMaxMs };
  await withProxyOf([one.url, two.url], async ({ get }) => {
    const response = await get();
    assertEquals(response.status, 200);
    const reader = response.body!.getReader();
    let at = 0;
    const take = async (least: number): Promise<number> => {
      while (at < least) {
        const { done, value } = await reader.read();
        if (done) break;
        assertEquals(value, FILE.read(at, at + value.length));
        at += value.length;
      }
      return at;
    };
    await take(1_000_000);
    await Promise.all([one.close(), two.close()]);
    const rest = take(Infinity);
    rest.catch(() => {});
    await gone(rest);
    one.open();
    two.open();
    if (retryMaxMs > GONE_MS) assertEquals(await rest, FILE.size);
  }, options);
}

Deno.test("/proxy: all mirrors gone for a while are survived while the client waits", () =>
  withGone(30_000, () => delay(GONE_MS)));

Deno.test("/proxy: all mirrors gone for longer than it retries end the response", () =>
  withGone(100, (rest) => assertRejects(() => rest)));

for (const range of ["bytes=0-", "bytes=0-9,100000-"]) {
  Deno.test(`/proxy: a body that fails prints one line, where its server prints why: ${range}`, async () => {
    const film = { content: FILE, bytesPerSecond: 2e6 };
    await withMirrors([film, film], async (urls, mirrors) => {
      const options = { allowPrivate: true, download: DOWNLOAD, retryMaxMs: 1 };
      await using handler = createHandler(options);
      const url = `http://localhost/proxy?host=${urls.join(",")}`;
      const response = await handler(new Request(url, { headers: { range } }));
      assertEquals(response.status, 206);
      const reader = response.body!.getReader();
      await reader.read();
      for (const mirror of mirrors) {
        mirror.setFaults([{ kind: "refuse" }]);
        mirror.resetConnections();
      }
      const error = await assertRejects(async () => {
        while (!(await reader.read()).done);
      });
      assertMatch(Deno.inspect(error), /^IncompleteResponse: .+$/);
      assert(error instanceof Error && error.cause instanceof NoMirrorLeftError, `${error}`);
    });
  });
}
