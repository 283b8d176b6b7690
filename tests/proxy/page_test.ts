import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { pageResponse } from "../../lib/proxy/page.ts";
import { createHandler } from "../../server.ts";
import { type PageOptions, withPage } from "../support/browser.ts";
import { bytesContent } from "../support/content.ts";
import { withMirrors } from "../support/download.ts";

const MIRRORS = ["https://a.example", "https://b.example:8080", "http://c.example"];
/** As page.html has them for the first three mirrors. */
const LIGHT = ["#1e53b1", "#f28e0f", "#17bca0"];
const DARK = ["#4d7bd6", "#d9860f", "#6fd08c"];

/** What `/live` tells. */
interface State {
  mirrors: string[];
  downloads: Record<string, unknown>[];
  blocks: [id: number, block: number, mirror: number][];
}

/** Stands in for the proxy: it is told what to tell, and keeps what it was asked. */
class MockProxy implements AsyncDisposable {
  readonly asked: string[] = [];
  readonly #watchers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #wav = makeWav(20);
  #last: State | undefined;
  #isGone = false;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#answer(request),
    );
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  tell(state: State): void {
    this.#last = state;
    for (const watcher of this.#watchers) watcher.enqueue(encodeState(state));
  }

  /** Leaves the watchers, and answers none until it is back. */
  leave(): void {
    this.#isGone = true;
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers.clear();
  }

  comeBack(): void {
    this.#isGone = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.leave();
    await this.#server.shutdown();
  }

  #answer(request: Request): Promise<Response> | Response {
    const { pathname, search } = new URL(request.url);
    this.asked.push(`${request.method} ${pathname}${search}`);
    if (pathname === "/") return pageResponse();
    if (pathname === "/live") return this.#watch();
    if (search.includes("broken")) return this.#problem(request);
    return search.includes(".wav") ? this.#file(request) : new Response(null, {
      headers: { "content-length": "64000000", "content-type": "text/csv" },
    });
  }

  #watch(): Response {
    if (this.#isGone) return new Response(null, { status: 503 });
    let own: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#watchers.add(own = controller);
        const first = this.#last ?? { mirrors: MIRRORS, downloads: [], blocks: [] };
        controller.enqueue(encodeState(first));
      },
      cancel: () => void this.#watchers.delete(own),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  #problem({ method }: Request): Response {
    const mirrors = [{ url: "https://a.example/broken", reason: "it answered 404" }];
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

function encodeState(state: State): Uint8Array {
  return new TextEncoder().encode(`event: state\ndata: ${JSON.stringify(state)}\n\n`);
}

/** A tone in PCM: 8 bits, mono, 8000 samples a second. */
function makeWav(seconds: number): Uint8Array<ArrayBuffer> {
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

/** A download of a file of 64 blocks, 30 of them delivered, as `/live` tells of it. */
function download(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const mirror = { state: "busy", rate: 0, bytes: 0, failures: 0 };
  return {
    ...{ id: 7, start: 0, end: 64_000_000, size: 64_000_000, blockSize: 1_000_000 },
    ...{ front: 30_000_000, buffered: 3_200_000, seconds: 4.2, rate: 26_000_000 },
    outcome: "running",
    perMirror: [
      { ...mirror, rate: 18_000_000, bytes: 20_000_000 },
      { ...mirror, rate: 8_000_000, bytes: 12_000_000 },
      { ...mirror, state: "dropped", failures: 3 },
    ],
    ...changes,
  };
}

/** The first 30 blocks by the first two mirrors in turn, and three that wait for their turn. */
function someBlocks(): State["blocks"] {
  const blocks: State["blocks"] = [];
  for (let index = 0; index < 30; index++) blocks.push([7, index, index % 3 === 2 ? 1 : 0]);
  return [...blocks, [7, 40, 1], [7, 41, 1], [7, 42, 1]];
}

/** Opens the page before a mock, and holds it to having nothing to complain of. */
async function withMock(
  use: (page: Page, proxy: MockProxy) => Promise<void>,
  options: PageOptions = {},
): Promise<void> {
  await using proxy = new MockProxy();
  const complaints: string[] = [];
  await withPage("about:blank", async (page) => {
    page.on("console", (message) => {
      // Chromium says this of every answer from 400, expected or not.
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

async function makeLink(page: Page, ...urls: string[]): Promise<string> {
  await page.getByLabel("Mirror URLs, one per line").fill(urls.join("\n"));
  await page.getByRole("button", { name: "Make the link" }).click();
  return await page.getByLabel("Link to the file").inputValue();
}

/** How many pixels of a canvas have each of the colours, once it is drawn. */
function countPixels(page: Page, id: string, colours: readonly string[]): Promise<number[]> {
  return page.evaluate(async ({ id, colours }) => {
    // Runs in the page, whose types are not those of Deno.
    // deno-lint-ignore no-explicit-any
    const window = globalThis as any;
    const frame = () => new Promise((resolve) => window.requestAnimationFrame(resolve));
    await frame();
    await frame();
    const { width, height } = window.document.getElementById(id);
    // Read from a copy: Chromium complains when what is drawn on is read again and again.
    const copy = Object.assign(window.document.createElement("canvas"), { width, height });
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(window.document.getElementById(id), 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const counts = new Map(colours.map((colour) => [colour, 0]));
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] !== 255) continue;
      const parts = [data[at], data[at + 1], data[at + 2]] as number[];
      const colour = `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
      if (counts.has(colour)) counts.set(colour, counts.get(colour)! + 1);
    }
    return colours.map((colour) => counts.get(colour)!);
  }, { id, colours });
}

Deno.test("pageResponse() lets nothing run but what is in the page", async () => {
  const response = await pageResponse();
  const html = await response.text();
  const hash = async (name: string) => {
    const found = [...html.matchAll(new RegExp(`<${name}[ >][^]*?</${name}>`, "g"))];
    assertEquals(found.length, 1, name);
    const text = found[0]![0].replace(/^<[^>]*>|<[^>]*>$/g, "");
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return `'sha256-${new Uint8Array(digest).toBase64()}'`;
  };
  assertEquals(
    response.headers.get("content-security-policy"),
    `default-src 'none'; script-src ${await hash("script")}; style-src ${await hash("style")}; ` +
      "connect-src 'self'; media-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; " +
      "frame-ancestors 'none'",
  );
  const markup = html.replace(/<(script|style)\b[^]*?<\/\1>/g, "");
  assertEquals([...markup.matchAll(/\s(style|on[a-z]+)=/g)], []);
  assertEquals([...markup.matchAll(/(?:src|href)="(?!data:|#)/g)], []);
});

Deno.test("pageResponse() can be kept, but is asked for anew", async () => {
  const [one, other] = [await pageResponse(), await pageResponse()];
  assertMatch(one.headers.get("etag")!, /^"[\w-]{43}"$/);
  assertEquals([...one.headers], [...other.headers]);
  assertEquals(one.headers.get("content-type"), "text/html; charset=utf-8");
  assertEquals(one.headers.get("x-content-type-options"), "nosniff");
  assertEquals(one.headers.get("referrer-policy"), "no-referrer");
  assertEquals(one.headers.get("cache-control"), "no-cache");
  const { length } = await one.bytes();
  assertEquals(one.headers.get("content-length"), `${length}`);
  await other.body?.cancel();
});

Deno.test("pageResponse() answers with 304 who has the page already", async () => {
  const page = await pageResponse();
  await page.body?.cancel();
  const etag = page.headers.get("etag")!;
  const ask = (tag: string) =>
    pageResponse(new Request("http://proxy.test/", { headers: { "if-none-match": tag } }));
  const same = await ask(etag);
  assertEquals([same.status, same.body, same.headers.get("etag")], [304, null, etag]);
  assertEquals(same.headers.get("content-length"), null);
  const other = await ask('"other"');
  assertEquals(other.status, 200);
  await other.body?.cancel();
});

Deno.test("a file that a browser shows by itself plays, and runs no script", async () => {
  const script = "<script>document.title = 'run'; fetch('/healthz')</script><p>text</p>";
  const lab = [
    { path: "/f.wav", contentType: "audio/wav", content: bytesContent(makeWav(20)) },
    {
      path: "/f.html",
      contentType: "text/html",
      content: bytesContent(new TextEncoder().encode(script)),
    },
  ];
  await withMirrors(lab, async ([audio, html]) => {
    const asked: string[] = [];
    const handler = createHandler({ allowPrivate: true });
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request, info) => {
        asked.push(new URL(request.url).pathname);
        return handler(request, info);
      },
    );
    const base = `http://127.0.0.1:${server.addr.port}/proxy?url=`;
    await withPage(base + audio, async (page) => {
      const played = await page.locator("video").evaluate(async (element) => {
        const media = element as unknown as EventTarget & { currentTime: number };
        while (media.currentTime === 0) {
          await new Promise((resolve) => media.addEventListener("timeupdate", resolve));
        }
        return media.currentTime;
      });
      assert(played > 0);
      const blocked = page.waitForEvent("console", (message) => message.text().includes("script"));
      await page.goto(base + html);
      assertMatch((await blocked).text(), /blocked|refused|violates/i);
      assertEquals(asked.includes("/healthz"), false);
    });
  });
});

Deno.test("the page makes, copies, remembers and checks links", async (t) => {
  await withMock(async (page, proxy) => {
    const urls = page.getByLabel("Mirror URLs, one per line");
    const wrong = page.getByRole("alert");

    await t.step("wrong lines are told", async () => {
      await page.getByRole("button", { name: "Make the link" }).click();
      assertEquals(await wrong.textContent(), "Give at least one mirror URL.");
      await urls.fill("https://a.example/f\n\nftp://b.example/f\nhttps://");
      await page.getByRole("button", { name: "Make the link" }).click();
      assertEquals(await wrong.getByRole("listitem").allTextContents(), [
        "Line 3 is no http:// or https:// URL: “ftp://b.example/f”",
        "Line 4 is no http:// or https:// URL: “https://”",
      ]);
      assertEquals(await urls.getAttribute("aria-invalid"), "true");
      assertEquals(await page.evaluate("getSelection().toString()"), "ftp://b.example/f");
      assertEquals(await page.locator("#result").isVisible(), false);
      await urls.fill("https://a.example/f");
      assertEquals(await wrong.textContent(), "");
    });

    const film = "https://a.example/it's%20a,b.wav?x=1&y=2";
    const query = "url=https%3A%2F%2Fa.example%2Fit%27s%2520a%2Cb.wav%3Fx%3D1%26y%3D2" +
      "&url=http%3A%2F%2Fb.example%2Ff";
    const link = `${proxy.origin}/proxy?${query}`;
    await t.step("the form builds the link", async () => {
      assertEquals(await makeLink(page, film, "", `  ${film}`, "http://b.example/f "), link);
      const commands = await page.locator(".commands code").allTextContents();
      assertEquals(commands, [
        `mpv '${link}'`,
        `vlc '${link}'`,
        `curl -o 'it'\\''s a,b.wav' '${link}'`,
      ]);
      await page.getByText("Connecting").or(page.getByText("Waiting")).waitFor();
      assert(proxy.asked.includes(`GET /live?${query}`), proxy.asked.join("\n"));
    });

    await t.step("options go into the link", async () => {
      await page.getByText("Options").click();
      await page.getByLabel("Delay algorithm").selectOption("Diff");
      await page.getByLabel("Save as a file").check();
      await page.getByLabel("Token").fill("t&1");
      const plain = `${proxy.origin}/proxy?url=https%3A%2F%2Fa.example%2Ff`;
      const all = `${plain}&delay_req_algo=DIFF&download=1&token=t%261`;
      assertEquals(await makeLink(page, "https://a.example/f"), all);
      await page.getByLabel("Delay algorithm").selectOption("Adaptive (default)");
      await page.getByLabel("Save as a file").uncheck();
      await page.getByLabel("Token").fill("");
      assertEquals(await makeLink(page, "https://a.example/f"), plain);
    });

    await t.step(
      "what stands on the page can be copied, with and without a clipboard",
      async () => {
        const pasted = () => page.evaluate("navigator.clipboard.readText()");
        await makeLink(page, film, "http://b.example/f");
        await page.getByRole("button", { name: "Copy the link" }).click();
        await page.getByText("Copied.").waitFor();
        assertEquals(await pasted(), link);
        await page.evaluate(
          "Object.defineProperty(navigator, 'clipboard', " +
            "{ value: undefined, configurable: true })",
        );
        const button = page.getByRole("button", { name: "Copy the mpv command" });
        await button.click();
        await button.getByText("Copied").waitFor();
        await page.evaluate("delete navigator.clipboard");
        assertEquals(await pasted(), `mpv '${link}'`);
        assertEquals(await page.evaluate("document.activeElement.dataset.copies"), "mpv");
      },
    );

    await t.step("URLs are remembered, but no secrets", async () => {
      await page.reload();
      assertEquals(await urls.inputValue(), `${film}\nhttp://b.example/f`);
      for (const secret of ["https://me:pw@c.example/f", "https://c.example/f?X-Amz-Signature=1"]) {
        await makeLink(page, secret);
        assert(await page.getByText("share it with care").isVisible());
        assertEquals(
          await page.evaluate("JSON.stringify(localStorage)"),
          JSON.stringify({
            "sphttp.urls": `${film}\nhttp://b.example/f`,
          }),
        );
      }
      await page.getByRole("button", { name: "Clear" }).click();
      assertEquals(await page.evaluate("localStorage.length"), 0);
      assertEquals(await urls.inputValue(), "");
    });

    await t.step("Check shows what the file is", async () => {
      await makeLink(page, "https://a.example/table");
      await page.getByRole("button", { name: "Check" }).click();
      await page.getByText("64.0 MB (64,000,000 bytes)").waitFor();
      assert(await page.getByText("text/csv").isVisible());
      const download = page.getByRole("link", { name: "Download" });
      assertEquals(
        await download.getAttribute("href"),
        `${proxy.origin}/proxy?url=https%3A%2F%2Fa.example%2Ftable`,
      );
      assertEquals(await page.getByRole("button", { name: "Play here" }).isVisible(), false);
    });

    await t.step("Check shows what is wrong with each mirror", async () => {
      await makeLink(page, "https://a.example/broken");
      await page.getByRole("button", { name: "Check" }).click();
      await page.getByText("Bad Gateway: no mirror answered").waitFor();
      assert(await page.getByText("https://a.example/broken: it answered 404").isVisible());
    });

    await t.step("Play here plays, and seeks by ranges", async () => {
      await makeLink(page, "https://a.example/tone.wav");
      assertEquals(await page.getByRole("link", { name: "Download" }).isVisible(), false);
      await page.getByRole("button", { name: "Play here" }).click();
      await page.locator("audio").waitFor();
      const seeked = await page.evaluate(`new Promise((resolve, reject) => {
        const audio = document.querySelector("audio");
        audio.addEventListener("error", () => reject(audio.error));
        audio.addEventListener("seeked", () => resolve([audio.duration, audio.currentTime >= 15]));
        const seek = () => audio.currentTime = 15;
        if (audio.readyState > 0) seek();
        else audio.addEventListener("loadedmetadata", seek);
      })`);
      assertEquals(seeked, [20, true]);
    });
  }, { permissions: ["clipboard-read", "clipboard-write"] });
});

Deno.test("the page shows downloads live", async (t) => {
  await withMock(async (page, proxy) => {
    const pulse = page.locator("#pulse");
    await makeLink(page, "https://a.example/f");
    await pulse.getByText("Waiting").waitFor();
    assertEquals(await page.locator("#picture").isVisible(), false);

    await t.step("the map is painted in the mirrors' colours", async () => {
      proxy.tell({ mirrors: MIRRORS, downloads: [download()], blocks: someBlocks() });
      await pulse.getByText("Downloading").waitFor();
      const [first, second, third] = await countPixels(page, "map", LIGHT);
      assert(second! > 500, `${second}`);
      assertEquals(Math.round(first! / second! * 5) / 5, 2);
      assertEquals(third, 0);
    });

    await t.step("figures and legend tell the rates", async () => {
      const figures = await page.locator(".figures dd").allTextContents();
      assertEquals(figures, ["26.0 MB/s", "30.0 MB of 64.0 MB", "3.20 MB", "4.2 s"]);
      const rows = await page.locator("#legend tr").allInnerTexts();
      assertEquals(rows.map((row) => row.trim().split(/\s*[\n\t]\s*/)), [
        ["a.example", "busy", "63 %", "18.0 MB/s"],
        ["b.example:8080", "busy", "38 %", "8.00 MB/s"],
        ["c.example", "lost, 3 failures", "0 %", "–"],
      ]);
      assertEquals(await page.locator("#total-rate").textContent(), "26.0 MB/s");
      const label = await page.locator("#chart").getAttribute("aria-label");
      assertMatch(label!, /a\.example 18\.0 MB\/s, b\.example:8080 8\.00 MB\/s/);
    });

    await t.step("blocks that come later are added", async () => {
      const [before] = await countPixels(page, "map", LIGHT);
      const later = download({ front: 36_000_000, seconds: 4.5 });
      const blocks = [30, 31, 32, 33, 34, 35].map((index) => [7, index, 2]) as State["blocks"];
      proxy.tell({ mirrors: MIRRORS, downloads: [later], blocks });
      await page.getByText("36.0 MB of 64.0 MB").waitFor();
      const [after, , third] = await countPixels(page, "map", LIGHT);
      // The mark is not drawn into the block before it any more.
      assert(Math.abs(after! - before!) < 100, `${before} ${after}`);
      assert(third! > 500, `${third}`);
    });

    await t.step("what the player left becomes a strip", async () => {
      const old = download({ outcome: "cancelled", front: 36_000_000 });
      const next = download({ id: 8, start: 50_000_000, front: 51_000_000, seconds: 0.4 });
      proxy.tell({ mirrors: MIRRORS, downloads: [old, next], blocks: [[8, 0, 1]] });
      await page.getByText("0 B to 64.0 MB, stopped by the player, 4.2 s").waitFor();
      const [first, second] = await countPixels(page, "map", LIGHT);
      assertEquals(first, 0);
      assert(second! > 200, `${second}`);
      proxy.tell({ mirrors: MIRRORS, downloads: [{ ...next, seconds: 0.7 }], blocks: [] });
      await page.getByText("0.7 s").waitFor();
      assertEquals(await page.locator("#others li").count(), 1);
    });

    await t.step("dark mode has its own colours", async () => {
      const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
      const light = await ground();
      await page.emulateMedia({ colorScheme: "dark" });
      assertNotEquals(await ground(), light);
      const [, second] = await countPixels(page, "map", DARK);
      assert(second! > 200, `${second}`);
      assertEquals(await countPixels(page, "map", LIGHT), [0, 0, 0]);
      await page.emulateMedia({ colorScheme: "light" });
    });

    await t.step("on a phone nothing sticks out", async () => {
      await page.setViewportSize({ width: 360, height: 740 });
      const width = await page.evaluate("document.documentElement.scrollWidth");
      assertEquals(width, 360);
    });

    await t.step("it says when the server is gone, and comes back by itself", async () => {
      proxy.leave();
      await pulse.getByText("The server is gone").waitFor();
      proxy.comeBack();
      proxy.tell({ mirrors: MIRRORS, downloads: [download()], blocks: someBlocks() });
      await pulse.getByText("Downloading").waitFor();
      assertEquals(await page.locator("#others li").count(), 0);
    });

    await t.step("it says how a download ended", async () => {
      const ended = download({ outcome: "complete", front: 64_000_000, rate: 0, seconds: 5 });
      proxy.tell({ mirrors: MIRRORS, downloads: [ended], blocks: [] });
      await pulse.getByText("Complete").waitFor();
      assertEquals(await page.locator("#rate").textContent(), "12.8 MB/s");
      assertEquals(await page.locator("#rate-name").textContent(), "Average rate");
    });
  });
});

Deno.test("the page can be used by keyboard", async () => {
  await withMock(async (page) => {
    const urls = page.getByLabel("Mirror URLs, one per line");
    await urls.fill("https://a.example/tone.wav");
    await urls.press("Control+Enter");
    await page.getByRole("heading", { name: "Your link" }).waitFor();
    await urls.focus();
    const order: string[] = [];
    for (let step = 0; step < 10; step++) {
      await page.keyboard.press("Tab");
      order.push(
        await page.evaluate(`(() => {
          const { ariaLabel, textContent } = document.activeElement;
          return ariaLabel ?? textContent.trim();
        })()`),
      );
      const outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
      assertEquals(outline, "solid", `${order.at(-1)} shows no focus`);
    }
    assertEquals(order, [
      "Options",
      "Make the link",
      "Clear",
      "Link to the file",
      "Copy the link",
      "Copy the mpv command",
      "Copy the VLC command",
      "Copy the curl command",
      "Play here",
      "Check",
    ]);
  });
});
