import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { pageResponse } from "../../../lib/proxy/page/page.ts";
import { Problem } from "../../../lib/proxy/problem.ts";
import { createHandler } from "../../../server.ts";
import { withPage } from "../../support/programs/browser.ts";
import { testWith } from "../../support/programs/programs.ts";
import { bytesContent } from "../../support/lab/content.ts";
import { withMirrors } from "../../support/download.ts";
import { makeWav } from "../../support/proxy/mock_proxy.ts";

const REQUEST = new Request("http://proxy.test/");

Deno.test("pageResponse() allows only the script and the style in the page", async () => {
  const response = pageResponse(REQUEST);
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

Deno.test("pageResponse() has to be revalidated", async () => {
  const [one, other] = [pageResponse(REQUEST), pageResponse(REQUEST)];
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

Deno.test("pageResponse() returns 304 for a matching If-None-Match, throws 412 for a failed If-Match", async () => {
  const page = pageResponse(REQUEST);
  await page.body?.cancel();
  const etag = page.headers.get("etag")!;
  const request = (headers: HeadersInit) => pageResponse(new Request(REQUEST, { headers }));
  const same = request({ "if-none-match": etag });
  assertEquals([same.status, same.body, same.headers.get("etag")], [304, null, etag]);
  assertEquals(same.headers.get("content-length"), null);
  const other = request({ "if-none-match": '"other"' });
  assertEquals(other.status, 200);
  await other.body?.cancel();
  assertThrows(() => request({ "if-match": '"other"' }), Problem, "not the version");
});

testWith(
  ["chromium"],
  "page: a file that the browser shows directly plays, and runs no script",
  async () => {
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
      await using handler = createHandler({ allowPrivate: true });
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
        const blocked = page.waitForEvent(
          "console",
          (message) => message.text().includes("script"),
        );
        await page.goto(base + html);
        assertMatch((await blocked).text(), /blocked|refused|violates/i);
        assertEquals(asked.includes("/healthz"), false);
      });
    });
  },
);
