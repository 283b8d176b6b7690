/**
 * A mock of the proxy, for tests of its page in a real browser.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import type { LiveMessage } from "../../../lib/proxy/observe/live_message.ts";
import { pageResponse } from "../../../lib/proxy/page/page.ts";
import { type PageOptions, withPage } from "../programs/browser.ts";

/** The mirrors of the mock's first message. */
export const MIRRORS = ["https://a.example", "https://b.example:8080", "http://c.example"];

/** Serves the page, sends the messages it is given to `/live`, and records the requests. */
export class MockProxy implements AsyncDisposable {
  /** Method, path and query of every request so far. */
  readonly asked: string[] = [];
  readonly #watchers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #wav = makeWav(20);
  #last: LiveMessage | undefined;
  #isGone = false;
  /** The token that the mock requires. */
  token: string | undefined;

  /** Listens on a free port. */
  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#answer(request),
    );
  }

  /** Origin of its URLs. */
  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Sends a message to all watchers, and to later ones first. */
  tell(message: LiveMessage): void {
    this.#last = message;
    for (const watcher of this.#watchers) watcher.enqueue(encode(message));
  }

  /** Disconnects the watchers, and refuses new ones until {@linkcode comeBack}. */
  leave(): void {
    this.#isGone = true;
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers.clear();
  }

  /** Accepts watchers again. */
  comeBack(): void {
    this.#isGone = false;
  }

  /** Shuts down the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.leave();
    await this.#server.shutdown();
  }

  #answer(request: Request): Promise<Response> | Response {
    const { pathname, search, searchParams } = new URL(request.url);
    this.asked.push(`${request.method} ${pathname}${search}`);
    if (pathname === "/") return pageResponse(request);
    if (pathname === "/session") return this.#session(request);
    if (pathname === "/link") {
      return Response.json({ pass: "1.signature", expires: "2030-01-02T03:04:05Z" });
    }
    if (pathname === "/live") return this.#watch();
    // One that is dead fails alone, but not beside another.
    const isDead = search.includes("dead") && searchParams.getAll("url").length === 1;
    if (search.includes("broken") || isDead) return this.#problem(request);
    return search.includes(".wav") ? this.#file(request) : new Response(null, {
      headers: { "content-length": "64000000", "content-type": "text/csv" },
    });
  }

  #session({ method, headers }: Request): Response {
    const required = this.token !== undefined;
    const cookie = "sphttp=signed-in";
    if (method === "GET") {
      const admitted = !required || headers.get("cookie") === cookie;
      return Response.json({ required, admitted });
    }
    if (method === "DELETE") {
      return new Response(null, { status: 204, headers: { "set-cookie": "sphttp=; Max-Age=0" } });
    }
    const isRight = headers.get("authorization") === `Bearer ${this.token}`;
    return isRight
      ? new Response(null, { status: 204, headers: { "set-cookie": `${cookie}; HttpOnly` } })
      : Response.json({ detail: "wrong" }, { status: 401 });
  }

  #watch(): Response {
    if (this.#isGone) return new Response(null, { status: 503 });
    let own: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#watchers.add(own = controller);
        const first = this.#last ?? { mirrors: MIRRORS, downloads: [], blocks: [] };
        controller.enqueue(encode(first));
      },
      cancel: () => void this.#watchers.delete(own),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  #problem({ method }: Request): Response {
    const mirrors = [{ url: "https://a.example/broken", reason: "responded with status 404" }];
    const body = { title: "Bad Gateway", status: 502, detail: "no mirror answered", mirrors };
    return new Response(method === "HEAD" ? null : JSON.stringify(body), {
      status: 502,
      headers: { "content-type": "application/problem+json" },
    });
  }

  #file({ method, headers }: Request): Response {
    const size = this.#wav.byteLength;
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers.get("range") ?? "");
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(size, Number(range?.[2] || size - 1) + 1);
    return new Response(method === "HEAD" ? null : this.#wav.slice(start, end), {
      status: range === null ? 200 : 206,
      headers: {
        "content-type": "audio/wav",
        "content-length": `${end - start}`,
        "accept-ranges": "bytes",
        "etag": '"wav-1"',
        ...(range && { "content-range": `bytes ${start}-${end - 1}/${size}` }),
      },
    });
  }
}

function encode(message: LiveMessage): Uint8Array {
  return new TextEncoder().encode(`event: state\ndata: ${JSON.stringify(message)}\n\n`);
}

/** Opens the page of a mock; fails on errors and warnings, and on requests to other origins. */
export async function withMock(
  use: (page: Page, proxy: MockProxy) => Promise<void>,
  options: PageOptions = {},
): Promise<void> {
  await using proxy = new MockProxy();
  const complaints: string[] = [];
  await withPage("about:blank", async (page) => {
    page.on("console", (message) => {
      // Chromium logs this for every status from 400, expected or not.
      const isAnswer = message.text().startsWith("Failed to load resource");
      if (["error", "warning"].includes(message.type()) && !isAnswer) {
        complaints.push(message.text());
      }
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== "data:" && origin !== proxy.origin) complaints.push(request.url());
    });
    await page.goto(`${proxy.origin}/`);
    await use(page, proxy);
  }, options);
  assertEquals(complaints, []);
}

/** Makes a link of URLs through the form, and returns it. */
export async function makeLink(page: Page, ...urls: string[]): Promise<string> {
  await page.getByLabel("Mirror URLs, one per line").fill(urls.join("\n"));
  await page.getByRole("button", { name: "Create link" }).click();
  await page.locator("#form:not([aria-busy=true])").waitFor();
  return await page.getByLabel("Link to the file").inputValue();
}

/** Returns a tone as a WAV file: PCM, 8 bits, mono, 8000 samples per second. */
export function makeWav(seconds: number): Uint8Array<ArrayBuffer> {
  const samples = 8000 * seconds;
  const bytes = new Uint8Array(44 + samples);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string) => bytes.set(new TextEncoder().encode(word), at);
  text(0, "RIFF");
  view.setUint32(4, 36 + samples, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, 8000, true);
  view.setUint32(28, 8000, true);
  view.setUint16(32, 1, true);
  view.setUint16(34, 8, true);
  text(36, "data");
  view.setUint32(40, samples, true);
  for (let index = 0; index < samples; index++) {
    bytes[44 + index] = 128 + Math.round(40 * Math.sin(index / 3));
  }
  return bytes;
}
