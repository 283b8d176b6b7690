import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { downloadVerified } from "../examples/checksum.ts";
import { arrivals, byShare } from "../examples/delay_algorithm.ts";
import { films } from "../examples/hono.ts";
import { fetchWithToken } from "../examples/login.ts";
import { downloadAll } from "../examples/metalink.ts";
import { downloadTo, line } from "../examples/progress.ts";
import { resume } from "../examples/resume.ts";
import { fileHandler } from "../examples/serve.ts";
import { objectStream } from "../examples/signed_urls.ts";
import { unpack } from "../examples/tar.ts";
import { bytesWithin } from "../examples/timeout.ts";
import { streamFromWorker } from "../examples/worker.ts";
import { formatMetalink } from "../metalink.ts";
import { Downloader } from "../mod.ts";
import { withMirrorsAtOnce } from "./support/download.ts";
import { bytesContent, randomContent } from "./support/lab/content.ts";
import { type MirrorOptions, startMirror } from "./support/lab/mirror_lab.ts";
import { withPage } from "./support/programs/browser.ts";
import { findExecutable, testWith } from "./support/programs/programs.ts";
import { readLinks } from "./support/simulator/links_file.ts";
import { workplace } from "./support/workplace.ts";

const ROOT = new URL("..", import.meta.url);
const FILE = randomContent(400_000);
const BYTES = FILE.read(0, FILE.size);

/** Starts two mirrors of a file. */
async function twoMirrors(options: Omit<MirrorOptions, "content"> = {}, content = FILE) {
  const mirrors = [
    await startMirror({ content, ...options }),
    await startMirror({ content, ...options }),
  ];
  return {
    mirrors,
    urls: mirrors.map(({ url }) => url),
    origins: mirrors.map(({ url }) => new URL(url).origin),
    async [Symbol.asyncDispose]() {
      for (const mirror of mirrors) await mirror.close();
    },
  };
}

Deno.test("examples/README.md names every example", async () => {
  const text = await Deno.readTextFile(new URL("examples/README.md", ROOT));
  const names = [...Deno.readDirSync(new URL("examples/", ROOT))].map(({ name }) => name);
  assertEquals(names.filter((name) => name !== "README.md" && !text.includes(`](${name}`)), []);
});

Deno.test({
  name: "examples: tar.ts unpacks an archive",
  ignore: findExecutable("tar") === undefined,
  async fn() {
    using place = workplace();
    place.write("text", "unpacked\n");
    Deno.mkdirSync(place.at("to"));
    const made = await new Deno.Command("tar", {
      args: ["-czf", place.at("a.tar.gz"), "-C", place.path, "text"],
    }).output();
    assert(made.success);
    const content = bytesContent(place.read("a.tar.gz"));
    await using lab = await twoMirrors({}, content);
    await unpack(lab.urls, place.at("to"));
    assertEquals(place.readText("to/text"), "unpacked\n");
  },
});

Deno.test("examples: serve.ts serves the file, and says why it cannot", async () => {
  await using lab = await twoMirrors();
  const request = new Request("http://localhost/");
  assertEquals(await (await fileHandler(lab.urls)(request)).bytes(), BYTES);
  const missing = await fileHandler([`${lab.origins[0]}/missing`])(request);
  assertEquals(missing.status, 502);
  assertMatch(await missing.text(), /404/);
  const posted = await fileHandler(lab.urls)(new Request(request, { method: "POST" }));
  assertEquals(posted.status, 405);
});

Deno.test("examples: hono.ts serves a film of all servers", async () => {
  await using lab = await twoMirrors({ path: "/a%20film.mp4" });
  const response = await films(lab.origins).request("/films/a%20film.mp4");
  assertEquals(response.headers.get("cache-control"), "max-age=3600");
  assertEquals(await response.bytes(), BYTES);
  const missing = await films(lab.origins).request("/films/missing");
  assertEquals(missing.status, 502);
  await missing.body?.cancel();
});

Deno.test("examples: progress.ts ends at 100 %", async () => {
  using place = workplace();
  await using lab = await twoMirrors();
  const lines: string[] = [];
  await downloadTo(place.at("file"), lab.urls, (stats) => lines.push(line(stats)), 1);
  assertEquals(place.read("file"), BYTES);
  assertMatch(lines.at(-1)!, /^100 % of 0\.4 MB at \d+\.\d MB\/s: 127\.0\.0\.1:\d+ \d+\.\d, 127/);
});

Deno.test("examples: timeout.ts gives up, or has the file", async () => {
  await using silent = await twoMirrors({ bytesPerSecond: 0 });
  assertEquals(await bytesWithin(50, silent.urls), undefined);
  await using lab = await twoMirrors();
  assertEquals(await bytesWithin(60_000, lab.urls), BYTES);
});

Deno.test("examples: login.ts sends the token to the named origins only", async () => {
  const named = { content: FILE, requireAuthorization: "Bearer secret" };
  await withMirrorsAtOnce([named, named, { content: FILE }], async (urls, [, , other]) => {
    const origins = urls.slice(0, 2).map((url) => new URL(url).origin);
    const fetch = fetchWithToken(origins, () => Promise.resolve("secret"));
    const download = new Downloader(urls, { fetch });
    assertEquals(await new Response(download.stream()).bytes(), BYTES);
    const { requests } = other!;
    assert(requests.length > 0);
    for (const { headers } of requests) assertEquals("authorization" in headers, false);
  });
});

Deno.test("examples: signed_urls.ts renews URLs that have expired", async () => {
  await using lab = await twoMirrors();
  const [left, signed] = [new Map<string, number>(), [0, 0]];
  // Each store signs URLs that are good for two requests.
  const stores = lab.urls.map((url, index) =>
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      const { origin, pathname, searchParams } = new URL(request.url);
      if (pathname === "/sign") {
        const key = String(++signed[index]!);
        left.set(`${index} ${key}`, 2);
        return new Response(`${origin}/${searchParams.get("object")}?key=${key}\n`);
      }
      const key = `${index} ${searchParams.get("key")}`;
      const uses = left.get(key) ?? 0;
      left.set(key, uses - 1);
      if (pathname !== "/film" || uses <= 0) return new Response(null, { status: 403 });
      return fetch(url, { headers: request.headers });
    })
  );
  const origins = stores.map(({ addr }) => `http://127.0.0.1:${addr.port}`);
  try {
    assertEquals(await new Response(await objectStream("film", origins)).bytes(), BYTES);
  } finally {
    for (const store of stores) await store.shutdown();
  }
});

Deno.test("examples: resume.ts goes on, and never joins two files", async () => {
  using place = workplace();
  // Each response falls silent, so that the file is not complete before it is interrupted.
  await using lab = await twoMirrors({ faults: [{ kind: "stall", afterBytes: 60_000 }] });
  const path = place.at("file");
  const controller = new AbortController();
  const watcher = setInterval(() => {
    const isBegun = place.names().includes("file") && Deno.statSync(path).size > 0;
    if (isBegun) controller.abort(new Error("interrupted"));
  }, 1);
  try {
    await assertRejects(() => resume(path, lab.urls, controller.signal), Error, "interrupted");
  } finally {
    clearInterval(watcher);
  }
  const before = Deno.statSync(path).size;
  assert(before > 0 && before < BYTES.length, `${before}`);
  const copy = place.write("copy", place.read("file"));
  Deno.copyFileSync(`${path}.json`, `${copy}.json`);
  for (const mirror of lab.mirrors) mirror.setFaults([]);
  await resume(path, lab.urls);
  assertEquals([place.read("file"), place.names()], [BYTES, ["copy", "copy.json", "file"]]);
  for (const mirror of lab.mirrors) mirror.setContent(randomContent(400_000, 2));
  await assertRejects(() => resume(copy, lab.urls));
});

Deno.test("examples: checksum.ts keeps only what is right", async () => {
  using place = workplace();
  await using lab = await twoMirrors();
  assertEquals(await downloadVerified(place.at("right"), FILE.sha256(), lab.urls), true);
  assertEquals(await downloadVerified(place.at("wrong"), "0".repeat(64), lab.urls), false);
  assertEquals([place.names(), place.read("right")], [["right"], BYTES]);
});

Deno.test("examples: metalink.ts downloads every file", async () => {
  using place = workplace();
  await using lab = await twoMirrors();
  const hashes = { "sha-256": FILE.sha256() };
  const facts = { size: FILE.size, hashes, urls: lab.urls.map((url) => ({ url })) };
  const files = ["one.bin", "more/two.bin"].map((name) => ({ name, ...facts }));
  const paths = await downloadAll(formatMetalink(files), place.path);
  assertEquals(paths, [place.at("one.bin"), place.at("more/two.bin")]);
  assertEquals([place.read("one.bin"), place.read("more/two.bin")], [BYTES, BYTES]);
});

Deno.test("examples: delay_algorithm.ts delivers every block", async () => {
  await using lab = await twoMirrors();
  const blocks = new Set(await arrivals(lab.urls, byShare));
  assertEquals([...blocks].sort(), [0, 1, 2, 3]);
});

testWith(["chromium"], "examples: browser/ downloads in a page", async () => {
  using place = workplace();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--platform=browser", "--import-map=import_map.npm.json"],
      ...["-o", place.at("main.js"), "examples/browser/main.ts"],
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const page = await Deno.readTextFile(new URL("examples/browser/index.html", ROOT));
  await using site = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const isScript = new URL(request.url).pathname === "/main.js";
    const type = isScript ? "text/javascript" : "text/html";
    return new Response(isScript ? place.read("main.js") : page, {
      headers: { "content-type": type },
    });
  });
  await using lab = await twoMirrors({
    responseHeaders: {
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "Content-Range, ETag",
    },
  });
  await withPage(`http://127.0.0.1:${site.addr.port}/`, async (page) => {
    await page.getByLabel("Mirrors").fill(lab.urls.join("\n"));
    const downloaded = page.waitForEvent("download");
    await page.getByRole("button").click();
    const download = await downloaded;
    assertEquals(download.suggestedFilename(), "file.bin");
    await download.saveAs(place.at("file"));
    assertEquals(await page.locator("output").textContent(), "400000 bytes");
  });
  assertEquals(place.read("file"), BYTES);
});

Deno.test("examples: links.json is a network", async () => {
  const text = await Deno.readTextFile(new URL("examples/links.json", ROOT));
  assertEquals(readLinks("links.json", text).links.length, 3);
});

Deno.test("examples: worker.ts moves the bytes of the file, and its error", async () => {
  await using lab = await twoMirrors();
  assertEquals(await new Response(streamFromWorker(lab.urls)).bytes(), BYTES);
  const missing = streamFromWorker([`${lab.origins[0]}/missing`]);
  await assertRejects(() => new Response(missing).bytes(), Error, "404");
});
