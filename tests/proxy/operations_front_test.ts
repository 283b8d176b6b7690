/** The nginx of docs/operations.md in front of two replicas of the command, as the page has it. */

import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { Access } from "../../lib/proxy/guard/access.ts";
import { signedLink } from "../../lib/proxy/request/signed_link.ts";
import { withMirrors } from "../support/download.ts";
import { testCertificates } from "../support/lab/certificates.ts";
import { randomContent } from "../support/lab/content.ts";
import type { LabMirror } from "../support/lab/mirror_lab.ts";
import { programPath, testWith } from "../support/programs/programs.ts";
import { startWebServer } from "../support/programs/web_server.ts";
import { adapted, codeBlocks } from "../support/proxy/operations_page.ts";
import { type Child, started } from "../support/proxy/proxy_child.ts";
import { workplace } from "../support/workplace.ts";

const SECRET = "a-token-of-more-than-sixteen-characters";
const BEARER = { authorization: `Bearer ${SECRET}` };
/** Three pieces of the cache, the last one shorter. */
const SIZE = 2_500_000;
const CONTENT = randomContent(SIZE, 47);

interface Scene {
  readonly mirrors: readonly LabMirror[];
  readonly replicas: readonly Child[];
  /** `https://localhost:PORT/`. */
  readonly base: URL;
  /** Path and query of the file. */
  readonly target: string;
  readonly caFile: string;
  /** Requests a path of nginx. */
  get(target: string, headers?: Record<string, string>, method?: string): Promise<Response>;
}

/** Runs the nginx of the page in front of two replicas, with three mirrors of the file. */
async function withFront(run: (scene: Scene) => Promise<void>) {
  using place = workplace();
  const { caPem, certPem, keyPem } = await testCertificates();
  const certificate = place.write("cert.pem", certPem);
  const key = place.write("key.pem", keyPem);
  const caFile = place.write("ca.pem", caPem);
  const tokenFile = place.write("token", SECRET);
  await withMirrors(Array(3).fill({ content: CONTENT }), async (urls, mirrors) => {
    const flags = ["--allow-private", `--token-file=${tokenFile}`, "--log=json"];
    await using one = await started(...flags);
    await using two = await started(...flags);
    const [block = ""] = codeBlocks("nginx");
    await using nginx = await startWebServer({
      program: "nginx",
      listeners: 1,
      configuration: ({ dir, ports }) => `
        daemon off;
        worker_processes 1;
        pid "${dir}/nginx.pid";
        error_log "${dir}/error.log";
        ${Deno.uid() === 0 ? "user root;" : ""}
        events { worker_connections 256; }
        http {
          client_body_temp_path "${dir}/body";
          proxy_temp_path "${dir}/proxy";
          fastcgi_temp_path "${dir}/fastcgi";
          uwsgi_temp_path "${dir}/uwsgi";
          scgi_temp_path "${dir}/scgi";
          ${
        adapted(block, {
          "127.0.0.1:8081": new URL(one.url).host,
          "127.0.0.1:8082": new URL(two.url).host,
          // Small files are as good.
          "slice 4m": "slice 1m",
          "listen 443 ssl": `listen 127.0.0.1:${ports[0]} ssl`,
          "/etc/ssl/proxy.example.pem": certificate,
          "/etc/ssl/private/proxy.example.key": key,
          "/var/cache/nginx/sphttp": `${dir}/cache`,
          "/run/sphttp-pieces.sock": `${dir}/pieces.sock`,
          "/var/log/nginx/sphttp.log": `${dir}/access.log`,
        })
      }
        }`,
      args: ({ dir, file }) => ["-p", dir, "-c", file, "-e", `${dir}/error.log`],
    });
    using client = Deno.createHttpClient({ caCerts: [caPem] });
    const base = new URL(`https://localhost:${nginx.ports[0]}/`);
    const target = `/proxy/film.mkv?${new URLSearchParams(urls.map((url) => ["url", url]))}`;
    const get = (path: string, headers = {}, method = "GET") =>
      fetch(new URL(path, base), { client, headers, method });
    await run({ mirrors, replicas: [one, two], base, target, caFile, get });
  });
}

/** Returns how many requests the mirrors have had. */
function requestsTo(mirrors: readonly LabMirror[]): number {
  return mirrors.reduce((sum, { requests }) => sum + requests.length, 0);
}

async function read(response: Response) {
  const { status, headers } = response;
  return { status, cache: headers.get("x-cache-status"), bytes: await response.bytes() };
}

testWith(
  ["nginx", "wget"],
  "nginx as in docs/operations.md, in front of two replicas",
  async (t) => {
    await withFront(async (scene) => {
      await t.step("the second reader costs the mirrors nothing", () => readTwice(scene));
      await t.step("a replica dies, and wget continues at the other", () => loseReplica(scene));
    });
  },
);

async function readTwice({ mirrors, replicas, base, target, get }: Scene): Promise<void> {
  const etags = new Set<string | null>();
  for (const replica of replicas) {
    const head = await replica.ask(target, { method: "HEAD", headers: BEARER });
    assertEquals(head.status, 200);
    etags.add(head.headers.get("etag"));
  }
  const [etag, ...others] = etags;
  assert(etag && !etag.startsWith("W/") && others.length === 0, `${[...etags]}`);

  const whole = CONTENT.read(0, SIZE);
  // Two at once: one of them fetches each piece.
  const both = await Promise.all(
    [get(target, BEARER), get(target, BEARER)].map(async (sent) => read(await sent)),
  );
  for (const { status, bytes } of both) {
    assertEquals(status, 200);
    assert(bytes.length === SIZE && bytes.every((byte, i) => byte === whole[i]), "other bytes");
  }
  const asked = requestsTo(mirrors);
  const delivered = mirrors.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  // To each reader on its own they would send all of it; a busy replica cancels some requests late.
  assert(delivered < 1.6 * SIZE, `the mirrors sent ${delivered} bytes`);

  const again = await read(await get(target, BEARER));
  assertEquals([again.status, again.cache, again.bytes.length], [200, "HIT", SIZE]);
  const range = { ...BEARER, range: "bytes=1000000-1999999" };
  const part = await read(await get(target, range));
  assertEquals(part, {
    status: 206,
    cache: "HIT",
    bytes: CONTENT.read(1_000_000, 2_000_000).slice(),
  });
  assertEquals(requestsTo(mirrors), asked);

  // Errors are the proxy's.
  const missing = `/proxy?url=${encodeURIComponent(new URL("/missing", mirrors[0]!.url).href)}`;
  const beyond = { ...BEARER, range: `bytes=${2 * SIZE}-` };
  for (
    const [path, headers, status] of [
      [missing, BEARER, 404],
      [`${missing}&split_size=x`, BEARER, 400],
      [target, beyond, 416],
    ] as const
  ) {
    const response = await get(path, headers);
    assertEquals([path, response.status], [path, status]);
    await response.body?.cancel();
    if (status === 416) continue;
    assertEquals(response.headers.get("content-type"), "application/problem+json");
  }

  // What is in the cache is for those who may have it.
  const before = requestsTo(mirrors);
  const mirrorUrls = new URLSearchParams(target.split("?")[1]).getAll("url");
  const link = async (seconds: number) => {
    const expiresAtMs = Date.now() + 1000 * seconds;
    const signed = await signedLink({
      base,
      mirrors: mirrorUrls,
      name: "film.mkv",
      expiresAtMs,
    }, new Access(SECRET));
    return signed.slice(base.href.length - 1);
  };
  const table: [
    path: string,
    headers: Record<string, string>,
    status: number,
    cache: string | null,
  ][] = [
    [target, {}, 401, null],
    [target, { authorization: "Bearer wrong" }, 401, null],
    [`${target}&token=wrong`, {}, 401, null],
    [`${target}&token=${SECRET}`, {}, 200, "HIT"],
    [await link(60), {}, 200, "HIT"],
    [await link(-1), {}, 403, null],
    [(await link(60)).replace("/proxy/", "/.admission/"), {}, 404, null],
    ["/.admission", BEARER, 404, null],
    ["/metrics", BEARER, 404, null],
    ["/healthz", {}, 200, null],
  ];
  for (const [path, headers, status, cache] of table) {
    const response = await get(path, headers);
    await response.body?.cancel();
    assertEquals([path, response.status, response.headers.get("x-cache-status")], [
      path,
      status,
      cache,
    ]);
  }
  assertEquals(requestsTo(mirrors), before);
}

async function loseReplica({ mirrors, replicas, base, target, caFile }: Scene): Promise<void> {
  for (const mirror of mirrors) mirror.setRate(300_000);
  // The name is part of the key: under another one, nothing is in the cache.
  const other = new URL(target.replace("film.mkv", "other.mkv"), base);
  using place = workplace();
  const path = place.at("film");
  const wget = new Deno.Command(programPath("wget"), {
    args: [
      ...["--no-config", "-nv", "--tries=5", `--ca-certificate=${caFile}`, "-O", path],
      ...[`--header=Authorization: Bearer ${SECRET}`, other.href],
    ],
    ...{ stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
  const output = wget.output();
  let hasEnded = false;
  output.then(() => hasEnded = true);
  const sizeOf = () => Deno.stat(path).then(({ size }) => size, () => 0);
  const running = async () => (await Promise.all(replicas.map(underWay))).indexOf(1);
  // Within the second or third piece.
  while (await sizeOf() === 0 && !hasEnded) await delay(5);
  while (await running() < 0 && !hasEnded) await delay(5);
  assert(!hasEnded, "wget ended before a replica did");
  replicas[await running()]?.signal("SIGKILL");
  const { code, stderr } = await output;
  const said = new TextDecoder().decode(stderr);
  assertEquals(code, 0, said);
  const [bytes, expected] = [await Deno.readFile(path), CONTENT.read(0, SIZE)];
  assert(
    bytes.length === SIZE && bytes.every((byte, i) => byte === expected[i]),
    "other bytes",
  );
}

/** Returns how many downloads of a replica run. */
async function underWay(replica: Child): Promise<number> {
  const text = await (await replica.ask("/metrics", { headers: BEARER })).text();
  return Number(/^sphttp_downloads_under_way (\d+)$/m.exec(text)?.[1]);
}
