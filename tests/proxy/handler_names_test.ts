import { assertEquals } from "@std/assert";
import { FILE } from "../support/download.ts";
import {
  type Asked,
  type ProxyScene,
  withProxy,
  withProxyOf,
} from "../support/proxy/proxy_scene.ts";

/** Returns a field of the response to a HEAD, and of one to a GET, which must be the same. */
async function field(scene: ProxyScene, name: string, asked: Asked = {}): Promise<string | null> {
  const [head, get] = [await scene.get({ ...asked, method: "HEAD" }), await scene.get(asked)];
  await get.body?.cancel();
  assertEquals([head.status, get.status], [200, 200]);
  assertEquals(head.headers.get(name), get.headers.get(name));
  return get.headers.get(name);
}

Deno.test("/proxy/NAME serves the file that the query names, as /proxy does", async () => {
  await withProxy([{}, {}], async ({ get }) => {
    for (
      const path of ["/proxy/", "/proxy/film.mkv", "/proxy/a%20%C3%A9%2Fb%5Cc%00", "/proxy/%FF"]
    ) {
      const whole = await get({ path });
      assertEquals(whole.status, 200, path);
      assertEquals(await whole.bytes(), FILE.read(0, FILE.size).slice(), path);
      const part = await get({ path, headers: { range: "bytes=700-799" } });
      assertEquals([part.status, (await part.bytes()).length], [206, 100], path);
    }
    const above = await get({ path: "/proxy/dir/film.mkv" });
    assertEquals(above.status, 404);
    await above.body?.cancel();
  });
});

Deno.test("/live/NAME shows the downloads of the file that the query names", async () => {
  await withProxy([{}], async ({ get, urls }) => {
    const live = await get({ path: "/live/film.mkv", query: "&utm_source=x" });
    assertEquals(live.headers.get("sphttp-ignored"), "utm_source");
    const reader = live.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("\n\n")) text += (await reader.read()).value;
    const { mirrors } = JSON.parse(/^data:(.*)$/m.exec(text)![1]!);
    assertEquals(mirrors, urls.map((url) => new URL(url).origin));
    await reader.cancel();
  });
});

Deno.test("/proxy: the name in the path is that of the saved file, made safe", async () => {
  await withProxy([{}], async (scene) => {
    const table: [path: string, disposition: string][] = [
      ["/proxy", 'attachment; filename="file.bin"'],
      ["/proxy/", 'attachment; filename="file.bin"'],
      ["/proxy/film.mkv", 'attachment; filename="film.mkv"'],
      ["/proxy/..%2F..%2Fetc%2Fpasswd", 'attachment; filename="passwd"'],
      [
        "/proxy/%C3%A9t%C3%A9.mkv",
        "attachment; filename=\"_t_.mkv\"; filename*=UTF-8''%C3%A9t%C3%A9.mkv",
      ],
      ["/proxy/a%0D%0Ab%22.mkv", 'attachment; filename="ab_.mkv"'],
      ["/proxy/%2F", 'attachment; filename="download"'],
    ];
    for (const [path, disposition] of table) {
      const asked = { path, query: "&download=1" };
      assertEquals(await field(scene, "content-disposition", asked), disposition, path);
    }
    const shown = { path: "/proxy/film.mkv" };
    assertEquals(
      await field(scene, "content-disposition", shown),
      'inline; filename="film.mkv"',
    );
    assertEquals(await field(scene, "content-disposition"), 'inline; filename="file.bin"');
    assertEquals(await field(scene, "cache-control"), "no-cache");
  });
});

Deno.test("/proxy: where mirrors report no type, the name tells it", async () => {
  const table: [contentType: string, mirrorPath: string, path: string, type: string][] = [
    ["application/octet-stream", "/f", "/proxy", "application/octet-stream"],
    ["application/octet-stream", "/film.mkv", "/proxy", "video/x-matroska"],
    ["application/octet-stream", "/film.mkv", "/proxy/song.flac", "audio/flac"],
    ["application/octet-stream", "/film.mkv", "/proxy/watch", "video/x-matroska"],
    ["binary/octet-stream", "/f", "/proxy/PAPER.PDF", "application/pdf"],
    ["application/force-download; charset=binary", "/f", "/proxy/f.zip", "application/zip"],
    ["", "/picture.webp", "/proxy", "image/webp"],
    ["", "/f", "/proxy", "application/octet-stream"],
    ["video/mp4", "/film.mkv", "/proxy/film.avi", "video/mp4"],
    ["text/plain", "/film.mkv", "/proxy", "text/plain"],
    // What is not one type is none: a browser may take another part of it than the proxy.
    ["video/mp4, text/html", "/f", "/proxy", "application/octet-stream"],
    ["video/mp4, text/html", "/film.mkv", "/proxy", "video/x-matroska"],
    ["Video/MP4;codecs=avc1, Video/MP4;codecs=avc1", "/f", "/proxy", "video/mp4; codecs=avc1"],
    // A name never makes a file a page.
    ["application/octet-stream", "/page.html", "/proxy/page.svg", "application/octet-stream"],
  ];
  for (const [contentType, mirrorPath, path, type] of table) {
    const lab = { path: mirrorPath, responseHeaders: { "Content-Type": contentType } };
    await withProxy([lab], async (scene) => {
      assertEquals(await field(scene, "content-type", { path }), type, `${mirrorPath} ${path}`);
    });
  }
});

Deno.test("/proxy/NAME refuses a web page where the name promises something else", async () => {
  const headers = { "content-type": "text/html" };
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("<!DOCTYPE html><title>Sign in</title>", { headers }),
  );
  await withProxyOf([`http://127.0.0.1:${server.addr.port}/get`], async ({ get }) => {
    const table: [path: string, status: number][] = [
      // Also where the page is known already, as a file without a name or with a harmless one.
      ["/proxy", 200],
      ["/proxy/film.mkv", 502],
      ["/proxy/watch", 200],
      ["/proxy/page.html", 200],
      ["/proxy/film.mkv", 502],
    ];
    for (const [path, status] of table) {
      const response = await get({ path });
      assertEquals(response.status, status, path);
      const text = await response.text();
      assertEquals(text.includes("sent a web page instead of the file"), status === 502, path);
    }
  });
});

Deno.test("/proxy: where no URL has a telling name, that in Content-Disposition tells the type", async () => {
  const responseHeaders = { "Content-Disposition": "attachment; filename*=UTF-8''fi%C3%A9lm.mkv" };
  const table: [mirrorPath: string, path: string, type: string, disposition: string][] = [
    ["/get", "/proxy", "video/x-matroska", "fi%C3%A9lm.mkv"],
    ["/get", "/proxy/watch", "video/x-matroska", "watch"],
    ["/film.mp4", "/proxy", "video/mp4", "film.mp4"],
  ];
  for (const [mirrorPath, path, type, name] of table) {
    await withProxy([{ path: mirrorPath, responseHeaders }], async (scene) => {
      assertEquals(await field(scene, "content-type", { path }), type, `${mirrorPath} ${path}`);
      const asked = { path, query: "&download=1" };
      const disposition = await field(scene, "content-disposition", asked);
      assertEquals(disposition!.split(/filename="|UTF-8''/).at(-1)!.replace('"', ""), name);
    });
  }
});

Deno.test("/proxy ignores parameters that are not its own, and names them in a header", async () => {
  await withProxy([{}], async (scene) => {
    assertEquals(await field(scene, "sphttp-ignored"), null);
    const query = "&_=1&utm_source=a&utm_medium=b&fbclid=c&gclid=d&t=90&splitsize=5&%00=1";
    assertEquals(
      await field(scene, "sphttp-ignored", { query }),
      "_, utm_source, utm_medium, fbclid, gclid, t, splitsize",
    );
    const whole = await scene.get({ query });
    assertEquals(await whole.bytes(), FILE.read(0, FILE.size).slice());
    // One ETag: the file does not depend on them.
    const etag = whole.headers.get("etag")!;
    const same = await scene.get({ query: "&_=2", headers: { "if-none-match": etag } });
    assertEquals(same.status, 304);
    const bad = await scene.get({ query: "&_=2&split_size=5" });
    const { status, detail } = await bad.json();
    assertEquals([status, detail.startsWith('split_size is "5"')], [400, true]);
  });
});

Deno.test("/proxy: when the mirrors fail, ignored parameters are named with the reason", async () => {
  await withProxy([{ faults: [{ kind: "status", status: 403 }] }], async ({ get }) => {
    const response = await get({ query: "&Signature=secret&splitsize=1" });
    const text = await response.text();
    assertEquals(response.status, 502, text);
    const { detail } = JSON.parse(text);
    assertEquals(
      detail,
      "no mirror could deliver the file (ignored: Signature; splitsize, did you mean " +
        "split_size?; write & inside the URL of a mirror as %26)",
    );
    assertEquals(text.includes("secret"), false);
  });
});
