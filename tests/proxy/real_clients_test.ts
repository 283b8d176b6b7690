import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { createHandler } from "../../server.ts";
import { bytesContent, type Content, randomContent } from "../support/lab/content.ts";
import { withMirrors } from "../support/download.ts";
import { startNginx } from "../support/programs/nginx.ts";
import { type Program, runProgram, testWith } from "../support/programs/programs.ts";
import { workplace } from "../support/workplace.ts";

const FILE = randomContent(12_345_678, 41);

interface Scene {
  /** URL of the proxy. */
  readonly origin: string;
  /** Path and query of the file. */
  readonly target: string;
  /** A temporary folder for the program. */
  readonly folder: string;
  /** Each request: status, Range, and Content-Range of the response. */
  readonly answers: readonly (readonly [status: number, asked: string, given: string])[];
}

/** Runs a proxy with three mirrors of the file. */
async function withProxy(
  content: Content,
  run: (scene: Scene) => Promise<void>,
  bytesPerSecond?: number,
): Promise<void> {
  using place = workplace();
  await withMirrors(Array(3).fill({ content, bytesPerSecond }), async (urls) => {
    await using handler = createHandler({ allowPrivate: true });
    const answers: [number, string, string][] = [];
    const listen = { port: 0, hostname: "127.0.0.1", onListen() {} };
    await using server = Deno.serve(listen, async (request, info) => {
      const response = await handler(request, info);
      const ranges = [request.headers.get("range"), response.headers.get("content-range")];
      answers.push([response.status, ranges[0] ?? "", ranges[1] ?? ""]);
      return response;
    });
    const origin = `http://127.0.0.1:${server.addr.port}`;
    const target = `/proxy?${new URLSearchParams(urls.map((url) => ["url", url]))}`;
    await run({ origin, target, folder: place.path, answers });
  });
}

/** Runs a program that must succeed and returns its output. */
async function run(program: Program, args: readonly string[]): Promise<Uint8Array> {
  const { code, stdout, stderr } = await runProgram(program, args);
  assertEquals(code, 0, `${program}: ${stderr}`);
  return stdout;
}

async function assertSameFile(path: string, content: Content): Promise<void> {
  const bytes = await Deno.readFile(path);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  assertEquals([bytes.length, hash], [content.size, content.sha256()]);
}

const resuming: [Program, (url: string, path: string) => string[]][] = [
  ["curl", (url, path) => ["-q", "-sS", "--fail", "-C", "-", "-o", path, url]],
  ["wget", (url, path) => ["--no-config", "-nv", "-t", "1", "-c", "-O", path, url]],
];
for (const [program, args] of resuming) {
  testWith([program], `${program} resumes through the proxy`, async () => {
    await withProxy(FILE, async ({ origin, target, folder, answers }) => {
      const path = `${folder}/film`;
      await Deno.writeFile(path, FILE.read(0, 5_000_000));
      await run(program, args(origin + target, path));
      await assertSameFile(path, FILE);
      assertEquals(answers.at(-1), [206, "bytes=5000000-", "bytes 5000000-12345677/12345678"]);
      // Nothing is left to resume.
      const { code, stderr } = await runProgram(program, args(origin + target, path));
      assert(program === "curl" || code === 0, stderr);
      await assertSameFile(path, FILE);
    });
  });
}

testWith(["aria2c"], "aria2c downloads through the proxy over eight connections", async () => {
  await withProxy(FILE, async ({ origin, target, folder, answers }) => {
    await run("aria2c", [
      ...["--no-conf", "-q", "-x8", "-s8", "--min-split-size=1M", "--file-allocation=none"],
      ...["-d", folder, "-o", "film", origin + target],
    ]);
    await assertSameFile(`${folder}/film`, FILE);
    // 499: the client left, because another of its connections had delivered the part already.
    const failed = answers.filter(([status]) => ![200, 206, 499].includes(status));
    assertEquals(failed, []);
    const parts = new Set(answers.flatMap(([, asked]) => asked === "" ? [] : [asked]));
    assert(parts.size >= 7, answers.join("\n"));
    // Slow enough for all connections to be opened before the first has delivered everything.
  }, 2_000_000);
});

/** A few seconds of video with the index at the end, so that a player must seek for it. */
async function makeFilm(folder: string): Promise<Content> {
  const path = `${folder}/film.mp4`;
  await run("ffmpeg", [
    ...["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=20:size=640x360:rate=25"],
    ...["-c:v", "mpeg4", "-b:v", "400k", "-g", "25", path],
  ]);
  return bytesContent(await Deno.readFile(path));
}

/** Returns the names of the boxes of an MP4, in order. */
function boxesOf(content: Content): string[] {
  const names: string[] = [];
  for (let at = 0; at + 8 <= content.size;) {
    const head = content.read(at, at + 8);
    names.push(new TextDecoder("latin1").decode(head.subarray(4)));
    at += new DataView(head.buffer, head.byteOffset).getUint32(0);
  }
  return names;
}

testWith(
  ["ffmpeg", "ffprobe"],
  "ffprobe and ffmpeg seek through the proxy in a film with its index at the end",
  async () => {
    using place = workplace();
    const film = await makeFilm(place.path);
    const boxes = boxesOf(film);
    assert(boxes.indexOf("moov") > boxes.indexOf("mdat"), `${boxes}`);
    await withProxy(film, async ({ origin, target, answers }) => {
      const about = await run("ffprobe", [
        ...["-v", "error", "-show_entries", "format=duration,size,format_name:stream=width"],
        ...["-of", "json", origin + target],
      ]);
      const { format, streams } = JSON.parse(new TextDecoder().decode(about));
      assertEquals([Number(format.size), streams[0].width], [film.size, 640]);
      assertAlmostEquals(Number(format.duration), 20, 0.1);
      assertMatch(format.format_name, /mp4/);
      const frame = (url: string) =>
        run("ffmpeg", [
          ...["-nostdin", "-v", "error", "-ss", "15.2", "-i", url, "-frames:v", "1"],
          ...["-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        ]);
      const [seen, expected] = [await frame(origin + target), await frame(place.at("film.mp4"))];
      assertEquals(seen.length, 640 * 360 * 3);
      assert(seen.every((byte, index) => byte === expected[index]), "another picture");
      const starts = answers.map(([, asked]) => Number(/^bytes=(\d+)-$/.exec(asked)?.[1]));
      assert(starts.some((start) => start > film.size / 2), answers.join("\n"));
    });
  },
);

testWith(
  ["nginx"],
  "nginx in front of the proxy caches slices, for ranges as for the whole",
  async () => {
    const size = 3_500_000;
    const content = randomContent(size, 43);
    await withProxy(content, async ({ origin, target, answers }) => {
      await using nginx = await startNginx({
        root: "/nonexistent",
        listeners: 1,
        httpExtra: "proxy_cache_path cache keys_zone=films:1m max_size=100m inactive=1h;",
        extra: `
        location /proxy {
          slice 1m;
          proxy_cache films;
          proxy_cache_key $request_uri$slice_range;
          # The proxy asks clients to revalidate: how long the cache need not is said here.
          proxy_ignore_headers Cache-Control;
          proxy_cache_valid 200 206 1h;
          proxy_http_version 1.1;
          proxy_set_header Range $slice_range;
          proxy_pass ${origin};
          add_header X-Cache-Status $upstream_cache_status;
        }`,
      });
      using client = Deno.createHttpClient({});
      const get = async (range?: string) => {
        const response = await fetch(`http://127.0.0.1:${nginx.ports[0]}${target}`, {
          client,
          headers: range === undefined ? {} : { range },
        });
        const bytes = await response.bytes();
        return { status: response.status, cache: response.headers.get("x-cache-status"), bytes };
      };
      const part = (start: number, end: number) => content.read(start, end).slice();
      const first = await get("bytes=1500000-2500000");
      assertEquals(first, { status: 206, cache: "MISS", bytes: part(1_500_000, 2_500_001) });
      const asked = answers.map(([status, range]) => `${status} ${range}`);
      assertEquals(asked, ["206 bytes=1048576-2097151", "206 bytes=2097152-3145727"]);
      const second = await get("bytes=1600000-2000000");
      assertEquals(second, { status: 206, cache: "HIT", bytes: part(1_600_000, 2_000_001) });
      assertEquals(answers.length, 2, "the second client costs the proxy nothing");
      const whole = await get();
      assertEquals([whole.status, whole.cache], [200, "MISS"]);
      assertEquals(whole.bytes, part(0, size));
      assertEquals(answers.length, 4);
      assertEquals(await get(), { ...whole, cache: "HIT" });
      assertEquals(answers.length, 4);
    });
  },
);
