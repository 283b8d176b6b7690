import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import server from "../../server.ts";
import { opensslPath, testCertificates } from "../support/certificates.ts";
import { randomContent } from "../support/content.ts";
import { until } from "../support/lab_client.ts";
import { startMirror } from "../support/mirror_lab.ts";

const ROOT = new URL("../../", import.meta.url);
const SIZE = 1_500_000;
const CONTENT = randomContent(SIZE);
const BYTES = CONTENT.read(0, SIZE);
const MAP = `--import-map=${new URL("import_map.npm.json", ROOT).href}`;
/** Windows knows no SIGTERM. */
const ignore = Deno.build.os === "windows";

/** The longest that a server lives, in milliseconds: a test that waits in vain fails then. */
const LIFE_MS = 60_000;

/** A server in a process of its own, ended with the test. */
class Child implements AsyncDisposable {
  readonly stdout: Promise<string>;
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #http = Deno.createHttpClient({});
  readonly #life: ReturnType<typeof setTimeout>;
  stderr = "";
  url = "";

  constructor(args: string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    this.#life = setTimeout(() => this.signal("SIGKILL"), LIFE_MS);
    this.stdout = new Response(this.#child.stdout).text();
    this.#lines = this.#child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Reads stderr until it says that. */
  async said(what: RegExp): Promise<string> {
    for (;;) {
      const match = what.exec(this.stderr);
      if (match !== null) return match[1] ?? match[0];
      const { done, value } = await this.#lines.read();
      if (done) throw new Error(`it ended without a word like ${what}:\n${this.stderr}`);
      this.stderr += value;
    }
  }

  /** Asks it for something, over connections that end with the test. */
  ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(path, this.url), { ...init, client: this.#http });
  }

  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** How it ends, with everything that it said. */
  async end(): Promise<{ code: number; stderr: string; stdout: string }> {
    for (;;) {
      const { done, value } = await this.#lines.read();
      if (done) break;
      this.stderr += value;
    }
    const { code } = await this.#child.status;
    return { code, stderr: this.stderr, stdout: await this.stdout };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    clearTimeout(this.#life);
    try {
      this.signal("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#lines.cancel();
    await this.stdout;
    await this.#child.status;
  }
}

/** The command, with no more permissions than it needs. */
function command(...args: string[]): Child {
  const permissions = ["--no-prompt", "--allow-net", "--allow-read"];
  const script = new URL("server.ts", ROOT).href;
  return new Child(["run", "--quiet", "--no-check", MAP, ...permissions, script, ...args]);
}

/** The command, listening on a free port. */
async function started(...args: string[]): Promise<Child> {
  const child = command("--port=0", ...args);
  child.url = await child.said(/listens on (\S+)/);
  return child;
}

function proxied(mirror: { readonly url: string }): string {
  return `/proxy?host=${encodeURIComponent(mirror.url)}`;
}

/** Reads the first bytes of a body; the rest comes from `rest()`. */
async function begin(response: Response) {
  assertEquals(response.status, 200);
  const reader = response.body!.getReader();
  const parts = [(await reader.read()).value!];
  return {
    rest: async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
        parts.push(value);
      }
    },
  };
}

Deno.test({
  name: "the command listens, says where, serves, and ends with a signal",
  ignore,
  fn: async () => {
    await using mirror = await startMirror({ content: CONTENT });
    await using proxy = await started("--allow-private", "--log=json");
    assertMatch(
      proxy.stderr,
      /^sphttp-proxy [\d.]+ listens on http:\/\/127\.0\.0\.1:\d+\/ \(try …\/proxy\?host=URL,URL\)\n$/,
    );
    assertEquals(await (await proxy.ask("/healthz")).text(), "ok\n");
    assertMatch(await (await proxy.ask("/")).text(), /^<!doctype html>/i);
    const file = await proxy.ask(proxied(mirror));
    assertEquals(await file.bytes(), BYTES);
    const part = await proxy.ask(proxied(mirror), { headers: { range: "bytes=1000-1999" } });
    assertEquals(part.status, 206);
    assertEquals(await part.bytes(), BYTES.slice(1000, 2000));
    const metrics = await (await proxy.ask("/metrics")).text();
    assertStringIncludes(metrics, 'sphttp_downloads_total{outcome="complete"} 2\n');
    proxy.signal("SIGTERM");
    const { code, stderr, stdout } = await proxy.end();
    assertEquals(code, 0, stderr);
    assertEquals(stderr.split("\n").length, 2, stderr);
    const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(lines.map(({ status }) => status), [200, 200, 200, 206, 200]);
    assertEquals(lines[2].bytes, SIZE);
  },
});

Deno.test("the command says what is wrong, in a line, and exits with it", async () => {
  const nosuch = `${Deno.cwd()}/nosuch.pem`;
  await using occupied = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(),
  );
  const none = new URL("README.md", ROOT).pathname;
  const table: [args: string[], code: number, says: string][] = [
    [["--hots=a"], 2, "did you mean --host?"],
    [["--host=0.0.0.0"], 2, "--host 0.0.0.0 lets others reach the proxy"],
    [["--memory=5"], 2, '--memory is "5"'],
    [["--allow-host=*"], 2, '--allow-host is "*"'],
    [[`--cert=${nosuch}`, `--key=${nosuch}`], 2, "nosuch.pem cannot be read: No such file"],
    [[`--cacert=${none}`], 2, "has no certificate in PEM format"],
    [[`--port=${occupied.addr.port}`], 1, "of 127.0.0.1: it is in use already; another one with"],
    [["--host=192.0.2.1", "--token=s3cret"], 1, "cannot listen on port 8080 of 192.0.2.1: "],
  ];
  await Promise.all(table.map(async ([args, code, says]) => {
    await using proxy = command(...args);
    const end = await proxy.end();
    assertEquals(end.code, code, end.stderr);
    assertStringIncludes(end.stderr, says);
    assertMatch(end.stderr, /^sphttp-proxy: [^\n]*\n$/);
    assertEquals(end.stdout, "");
  }));
});

Deno.test("the command prints its help and its version on stdout", async () => {
  for (const [flag, says] of [["--help", "--drain-timeout SECONDS"], ["-V", "sphttp-proxy "]]) {
    await using proxy = command(flag!);
    const { code, stdout, stderr } = await proxy.end();
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, says!);
  }
});

Deno.test("the command starts without any argument, and without permission to read", async () => {
  const script = new URL("server.ts", ROOT).href;
  await using proxy = new Child(["run", "--no-check", MAP, "--no-prompt", "--allow-net", script]);
  // Somebody else may have that port.
  await proxy.said(
    /listens on http:\/\/127\.0\.0\.1:8080\/|port 8080 of 127\.0\.0\.1: it is in use/,
  );
});

Deno.test("--open on an address that others can reach is warned of", async () => {
  await using proxy = await started("--host=0.0.0.0", "--open", "--log=none");
  const [warning, listens] = proxy.stderr.split("\n");
  assertStringIncludes(warning!, "sphttp-proxy: warning: --open on 0.0.0.0 lets everybody");
  assertStringIncludes(listens!, "listens on http://0.0.0.0:");
});

Deno.test({
  name: "the second wall of the README lets clients in, and nothing out to this machine",
  ignore,
  fn: async () => {
    await using mirror = await startMirror({ content: CONTENT });
    const readme = Deno.readTextFileSync(new URL("README.md", ROOT));
    const [, list] = /--deny-net='([^']+)'/.exec(readme)!;
    const flags = ["--no-check", MAP, "--no-prompt", "--allow-net", "--allow-read"];
    const script = new URL("server.ts", ROOT).href;
    const wall = ["run", "--quiet", ...flags, `--deny-net=${list}`, script, "--port=0"];
    await using proxy = new Child([...wall, "--host=::", "--token=t", "--allow-private"]);
    const { port } = new URL(await proxy.said(/listens on (\S+)/));
    proxy.url = `http://127.0.0.1:${port}/`;
    assertEquals(await (await proxy.ask("/healthz")).text(), "ok\n");
    for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"]) {
      const url = mirror.url.replace("127.0.0.1", host);
      const response = await proxy.ask(`${proxied({ url })}&token=t`);
      assertEquals(response.status, 502, host);
      await response.body?.cancel();
    }
    assertEquals(mirror.connectionsAccepted, 0);
    await using closed = new Child([...wall, "--host=0.0.0.0", "--token=t"]);
    assertMatch((await closed.end()).stderr, /cannot listen on port 0 of 0\.0\.0\.0/);
  },
});

Deno.test({
  name: "SIGTERM lets in nobody new, and downloads end as they should",
  ignore,
  fn: async () => {
    await using mirror = await startMirror({ content: CONTENT, bytesPerSecond: 300_000 });
    await using proxy = await started("--allow-private");
    const download = await begin(await proxy.ask(proxied(mirror)));
    proxy.signal("SIGTERM");
    await proxy.said(/ends when 1 request has ended, in 30 s at the latest\n/);
    const { hostname, port } = new URL(proxy.url);
    // The system takes connections until the listener is closed, a moment later.
    await assertRejects(async () => {
      for (;;) (await Deno.connect({ hostname, port: Number(port) })).close();
    });
    mirror.setRate(undefined);
    assertEquals(await download.rest(), BYTES);
    const { code, stderr, stdout } = await proxy.end();
    assertEquals(code, 0, stderr);
    assertMatch(stdout, / 200 1500000 [\d.]+s - complete\n$/);
    assertEquals(/cut/.test(stderr), false, stderr);
  },
});

Deno.test({
  name: "--drain-timeout cuts what has not ended, and says how much",
  ignore,
  fn: async () => {
    await using mirror = await startMirror({ content: CONTENT, bytesPerSecond: 300_000 });
    await using proxy = await started("--allow-private", "--drain-timeout=0.2");
    const downloads = await Promise.all(
      [1, 2].map(async () => await begin(await proxy.ask(proxied(mirror)))),
    );
    mirror.setRate(0);
    proxy.signal("SIGINT");
    await Promise.all(downloads.map(({ rest }) => assertRejects(rest, "half a file has no end")));
    const { code, stderr, stdout } = await proxy.end();
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "sphttp-proxy: 2 requests have been cut\n");
    assertMatch(stdout, /^([^\n]* 200 [1-9]\d* [\d.]+s - cancelled\n){2}$/);
  },
});

Deno.test({
  name: "a second Ctrl-C ends the command at once",
  ignore,
  fn: async () => {
    await using mirror = await startMirror({ content: CONTENT, bytesPerSecond: 300_000 });
    await using proxy = await started("--allow-private");
    const download = await begin(await proxy.ask(proxied(mirror)));
    mirror.setRate(0);
    proxy.signal("SIGINT");
    await proxy.said(/ends when 1 request has ended/);
    // What comes within half a second is the same Ctrl-C.
    const again = setInterval(() => proxy.signal("SIGINT"), 100);
    await assertRejects(download.rest);
    clearInterval(again);
    const { code, stdout } = await proxy.end();
    assertEquals(code, 130);
    assertMatch(stdout, /^[^\n]* 200 [1-9]\d* [\d.]+s - cancelled\n$/);
  },
});

Deno.test({
  name: "a client that has left is not waited for",
  ignore,
  fn: async () => {
    await using mirror = await startMirror({ content: CONTENT, bytesPerSecond: 300_000 });
    await using proxy = await started("--allow-private");
    const leaving = new AbortController();
    await begin(await proxy.ask(proxied(mirror), { signal: leaving.signal }));
    leaving.abort();
    await until(() => mirror.openConnections === 0 ? true : undefined);
    proxy.signal("SIGTERM");
    const { code, stderr, stdout } = await proxy.end();
    assertEquals(code, 0, stderr);
    assertEquals(/request/.test(stderr), false, stderr);
    assertMatch(stdout, /- cancelled\n$/);
  },
});

Deno.test({
  name: "who only watches, or has sent half a request, does not hold up the end",
  ignore,
  fn: async () => {
    await using proxy = await started("--allow-private");
    const watching = await proxy.ask("/live?host=http://127.0.0.1:9/f");
    assertEquals(watching.headers.get("content-type"), "text/event-stream");
    const { hostname, port } = new URL(proxy.url);
    using half = await Deno.connect({ hostname, port: Number(port) });
    await half.write(new TextEncoder().encode("GET /healthz HTTP/1.1\r\nHost: "));
    const events = watching.text().catch(() => "broke off");
    proxy.signal("SIGTERM");
    const { code, stderr } = await proxy.end();
    assertEquals(code, 0, stderr);
    assertEquals(/request/.test(stderr), false, stderr);
    assert((await events).length > 0);
  },
});

Deno.test({
  name: "TLS: clients speak HTTP/2, and --cacert is what mirrors are trusted by",
  ignore: opensslPath() === undefined,
  fn: async () => {
    const place = Deno.makeTempDirSync({ prefix: "sphttp-proxy-" });
    const { caPem, certPem: cert, keyPem: key } = testCertificates();
    for (const [name, text] of Object.entries({ "ca.pem": caPem, "c.pem": cert, "k.pem": key })) {
      Deno.writeTextFileSync(`${place}/${name}`, text);
    }
    await using mirror = Deno.serve(
      { cert, key, port: 0, hostname: "127.0.0.1", onListen() {} },
      () => new Response(BYTES, { headers: { "content-length": `${SIZE}` } }),
    );
    const pair = [`--cert=${place}/c.pem`, `--key=${place}/k.pem`];
    await using proxy = await started("--allow-private", `--cacert=${place}/ca.pem`, ...pair);
    assertMatch(proxy.url, /^https:\/\/127\.0\.0\.1:\d+\/$/);
    using client = Deno.createHttpClient({ caCerts: [caPem], http1: false });
    const url = `https://127.0.0.1:${mirror.addr.port}/f`;
    const response = await fetch(new URL(proxied({ url }), proxy.url), { client });
    assertEquals(await response.bytes(), BYTES);

    await using mismatched = command("--port=0", `--cert=${place}/ca.pem`, `--key=${place}/k.pem`);
    const { code, stderr } = await mismatched.end();
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^sphttp-proxy: cannot listen on [^\n]* with this certificate and key: .*\n$/,
    );
    Deno.removeSync(place, { recursive: true });
  },
});

Deno.test("`deno serve server.ts` serves with the default options", async () => {
  const script = new URL("server.ts", ROOT).href;
  const flags = ["--no-check", "--no-prompt", "--allow-net", "--host=127.0.0.1", "--port=0"];
  await using proxy = new Child(["serve", MAP, ...flags, script]);
  const port = await proxy.said(
    /^sphttp-proxy [\d.]+ listens on port (\d+), for this machine only\n$/,
  );
  proxy.url = `http://127.0.0.1:${port}/`;
  assertEquals(await (await proxy.ask("/healthz")).text(), "ok\n");
  const refused = await proxy.ask("/proxy?host=http://127.0.0.1:9/f");
  assertEquals(refused.status, 403);
  assertStringIncludes((await refused.json()).detail, "127.0.0.1 is a loopback address");
  assertEquals(proxy.stderr.split("\n").length, 2, "the command does not run as well");
});

Deno.test("`deno serve server.ts ARGS` says that it takes none", async () => {
  const script = new URL("server.ts", ROOT).href;
  const flags = ["--no-check", "--no-prompt", "--allow-net", "--host=127.0.0.1", "--port=0"];
  await using proxy = new Child(["serve", MAP, ...flags, script, "--token=secret"]);
  const { code, stderr, stdout } = await proxy.end();
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, "under `deno serve` no arguments are taken");
  assertEquals(stderr.includes("secret"), false);
});

Deno.test("a Host header that makes no URL is a bad request, and no secret gets into the log", async () => {
  await using proxy = await started();
  const { hostname, port } = new URL(proxy.url);
  for (const host of ["a b", "[", "a:99999999"]) {
    const connection = await Deno.connect({ hostname, port: Number(port) });
    const query = "token=secret&host=http://127.0.0.1/f%3Fsecret";
    const head = `GET /proxy?${query} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(head));
    const answer = await new Response(connection.readable).text();
    assertMatch(answer, /^HTTP\/1\.1 400 /);
    assertStringIncludes(answer, "the Host header makes no URL");
  }
  proxy.signal("SIGKILL");
  const { stderr, stdout } = await proxy.end();
  assertEquals(stdout.split("\n").length, 4);
  assertEquals(`${stdout}${stderr}`.includes("secret"), false);
});

Deno.test("the default export serves clients on this machine only", async () => {
  const ask = (hostname: string) =>
    server.fetch(new Request("http://proxy.example/healthz"), {
      remoteAddr: { transport: "tcp", hostname, port: 1 },
      completed: Promise.resolve(),
    });
  for (const hostname of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
    assertEquals((await ask(hostname)).status, 200, hostname);
  }
  for (const hostname of ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1"]) {
    const response = await ask(hostname);
    assertEquals(response.status, 403, hostname);
    assertStringIncludes((await response.json()).detail, "its command has --host");
  }
});

/** A server of a handler of the test's own. */
const OWN = `
  import { serve } from "${new URL("lib/proxy/serve.ts", ROOT).href}";
  const handler = (request) => {
    const path = new URL(request.url).pathname;
    if (path === "/throw") throw new Error("a\\nsecret");
    if (path === "/later") setTimeout(() => { throw new TypeError("thrown later"); });
    if (path === "/reject") Promise.reject(new Error("rejected"));
    if (path !== "/break") return Promise.resolve(new Response("fine"));
    const break_ = (controller) => controller.error(new Error("broken"));
    return Promise.resolve(new Response(new ReadableStream({ pull: break_ })));
  };
  await serve(handler, {
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    drainTimeoutMs: 1000,
    onListen: (url) => console.error("listens on " + url),
    say: (line) => console.error("said: " + line),
  });
`;

Deno.test("serve(): what a handler throws is told to the operator in a line, and to no client", async () => {
  await using child = new Child(["eval", "--no-check", MAP, OWN]);
  child.url = await child.said(/listens on (\S+)/);
  const thrown = await child.ask("/throw");
  assertEquals(thrown.status, 500);
  assertEquals(/secret/.test(await thrown.text()), false);
  await child.said(/said: Error: a secret; this is a bug in sphttp, it goes on\n/);
  for (
    const [path, says] of [["/later", /TypeError: thrown later;/], ["/reject", /Error: rejected;/]]
  ) {
    assertEquals(await (await child.ask(path as string)).text(), "fine");
    await child.said(says as RegExp);
  }
  await assertRejects(async () => await (await child.ask("/break")).text());
  assertEquals(await (await child.ask("/")).text(), "fine");
  assertEquals(/broken|\n {4}at /.test(child.stderr), false, child.stderr);
});
