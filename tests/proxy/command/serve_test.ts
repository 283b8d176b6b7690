import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { testCertificates } from "../../support/lab/certificates.ts";
import { randomContent } from "../../support/lab/content.ts";
import { freePort } from "../../support/lab/free_port.ts";
import { startMirror } from "../../support/lab/mirror_lab.ts";
import {
  Child,
  command,
  MAP,
  NO_SIGNALS,
  proxied,
  ROOT,
  started,
} from "../../support/proxy/proxy_child.ts";
import { workplace } from "../../support/workplace.ts";

const SIZE = 1_500_000;
const CONTENT = randomContent(SIZE);
const BYTES = CONTENT.read(0, SIZE);

Deno.test({
  name: "the command listens, prints its URL, serves, and stops on a signal",
  ignore: NO_SIGNALS,
  fn: async () => {
    await using mirror = await startMirror({ content: CONTENT });
    await using proxy = await started("--allow-private", "--log=json");
    assertMatch(
      proxy.stderr,
      /^sphttp-proxy [\d.]+ listening on http:\/\/127\.0\.0\.1:\d+\/ \(try …\/proxy\?host=URL,URL\)\n$/,
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

Deno.test("the command reports an error in one line and its exit code", async () => {
  const nosuch = `${Deno.cwd()}/nosuch.pem`;
  await using occupied = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(),
  );
  const none = new URL("README.md", ROOT).pathname;
  const table: [args: string[], code: number, says: string][] = [
    [["--hots=a"], 2, "did you mean '--host'?"],
    [["--host=0.0.0.0"], 2, "--host 0.0.0.0 lets others reach the proxy"],
    [["--memory=5"], 2, '--memory is "5"'],
    [["--allow-host=*"], 2, '--allow-host is "*"'],
    [[`--cert=${nosuch}`, `--key=${nosuch}`], 2, "nosuch.pem: no such file"],
    [[`--cacert=${none}`], 2, ": no certificate in PEM format found"],
    [
      [`--port=${occupied.addr.port}`],
      1,
      `127.0.0.1 port ${occupied.addr.port}: already in use; choose`,
    ],
    [["--host=192.0.2.1", "--token=s3cret"], 1, "cannot listen on 192.0.2.1 port 8080: "],
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

Deno.test("the command prints help and version on stdout", async () => {
  for (const [flag, says] of [["--help", "--drain-timeout SECONDS"], ["-V", "sphttp-proxy "]]) {
    await using proxy = command(flag!);
    const { code, stdout, stderr } = await proxy.end();
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, says!);
  }
});

Deno.test("the command starts without arguments and without permission to read", async () => {
  const script = new URL("server.ts", ROOT).href;
  await using proxy = new Child(["run", "--no-check", MAP, "--no-prompt", "--allow-net", script]);
  // The port may be in use.
  await proxy.said(
    /listening on http:\/\/127\.0\.0\.1:8080\/|127\.0\.0\.1 port 8080: already in use/,
  );
});

Deno.test("--open on an address that others can reach prints a warning", async () => {
  await using proxy = await started("--host=0.0.0.0", "--open", "--log=none");
  const [warning, listens] = proxy.stderr.split("\n");
  assertStringIncludes(warning!, "sphttp-proxy: warning: --open on 0.0.0.0 lets everyone");
  assertStringIncludes(listens!, "listening on http://0.0.0.0:");
});

Deno.test({
  name: "--deny-net as in docs/proxy.md accepts clients and blocks requests to the local machine",
  ignore: NO_SIGNALS,
  fn: async () => {
    await using mirror = await startMirror({ content: CONTENT });
    const page = Deno.readTextFileSync(new URL("docs/proxy.md", ROOT));
    const [, list] = /--deny-net='([^']+)'/.exec(page)!;
    const flags = ["--no-check", MAP, "--no-prompt", "--allow-net", "--allow-read"];
    const script = new URL("server.ts", ROOT).href;
    const wall = ["run", "--quiet", ...flags, `--deny-net=${list}`, script, "--port=0"];
    await using proxy = new Child([...wall, "--host=::", "--token=t", "--allow-private"]);
    const { port } = new URL(await proxy.said(/listening on (\S+)/));
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
    assertMatch((await closed.end()).stderr, /cannot listen on 0\.0\.0\.0 port 0/);
  },
});

Deno.test("TLS: clients use HTTP/2, and --cacert verifies mirrors", async () => {
  using place = workplace();
  const { caPem, certPem: cert, keyPem: key } = await testCertificates();
  for (const [name, text] of Object.entries({ "ca.pem": caPem, "c.pem": cert, "k.pem": key })) {
    place.write(name, text);
  }
  await using mirror = Deno.serve(
    { cert, key, port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(BYTES, { headers: { "content-length": `${SIZE}` } }),
  );
  const pair = [`--cert=${place.path}/c.pem`, `--key=${place.path}/k.pem`];
  await using proxy = await started("--allow-private", `--cacert=${place.path}/ca.pem`, ...pair);
  assertMatch(proxy.url, /^https:\/\/127\.0\.0\.1:\d+\/$/);
  using client = Deno.createHttpClient({ caCerts: [caPem], http1: false });
  const url = `https://127.0.0.1:${mirror.addr.port}/f`;
  const response = await fetch(new URL(proxied({ url }), proxy.url), { client });
  assertEquals(await response.bytes(), BYTES);

  await using mismatched = command(
    "--port=0",
    `--cert=${place.path}/ca.pem`,
    `--key=${place.path}/k.pem`,
  );
  const { code, stderr } = await mismatched.end();
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^sphttp-proxy: cannot listen on [^\n]* with this certificate and key: .*\n$/,
  );
});

Deno.test("an invalid Host header is a bad request, and the log has no secret", async () => {
  await using proxy = await started();
  const { hostname, port } = new URL(proxy.url);
  for (const host of ["a b", "[", "a:99999999"]) {
    const connection = await Deno.connect({ hostname, port: Number(port) });
    const query = "token=secret&host=http://127.0.0.1/f%3Fsecret";
    const head = `GET /proxy?${query} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(head));
    const answer = await new Response(connection.readable).text();
    assertMatch(answer, /^HTTP\/1\.1 400 /);
    assertStringIncludes(answer, "the Host header is invalid");
  }
  proxy.signal("SIGKILL");
  const { stderr, stdout } = await proxy.end();
  assertEquals(stdout.split("\n").length, 4);
  assertEquals(`${stdout}${stderr}`.includes("secret"), false);
});

Deno.test("requests by a foreign name get a 421, whatever they ask for", async () => {
  await using proxy = await started("--public-name=p.example", "--allow-private");
  const { hostname, port } = new URL(proxy.url);
  const table: [host: string, path: string, status: number][] = [
    [`evil.example:${port}`, "/proxy?url=http://127.0.0.1:9/", 421],
    ["evil.example", "/", 421],
    ["evil.example", "/metrics", 421],
    ["127.0.0.1.evil.example", "/live?url=http://127.0.0.1:9/", 421],
    ["evil.example", "/healthz", 200],
    [`localhost:${port}`, "/metrics", 200],
    [`${hostname}:${port}`, "/metrics", 200],
    ["p.example", "/metrics", 200],
  ];
  for (const [host, path, status] of table) {
    const connection = await Deno.connect({ hostname, port: Number(port) });
    const head = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(head));
    const answer = await new Response(connection.readable).text();
    assertEquals(answer.slice(0, 12), `HTTP/1.1 ${status}`, `${host} ${path}`);
    if (status === 421) assertStringIncludes(answer, "--public-name ");
  }
});

Deno.test("--metrics with a port serves them there only, without a token", async () => {
  const port = freePort();
  await using proxy = await started(`--metrics=${port}`, "--token=s3cret");
  const status = async (url: string, init?: RequestInit) => {
    const response = await proxy.ask(url, init);
    await response.body?.cancel();
    return response.status;
  };
  const authorization = "Bearer s3cret";
  assertEquals(await status("/metrics", { headers: { authorization } }), 404);
  const place = `http://127.0.0.1:${port}`;
  assertStringIncludes(
    await (await proxy.ask(`${place}/metrics`)).text(),
    "sphttp_requests_total",
  );
  assertEquals(await status(`${place}/proxy`), 404);
  assertEquals(await status(`${place}/metrics`, { method: "POST" }), 405);
  const foreign = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = "GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
  await foreign.write(new TextEncoder().encode(head));
  assertMatch(await new Response(foreign.readable).text(), /^HTTP\/1\.1 421 /);
});

/** A server with a handler of the test. */
const OWN = `
  import { serve } from "${new URL("lib/proxy/command/serve.ts", ROOT).href}";
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
    headerTimeoutMs: 15_000,
    idleTimeoutMs: 60_000,
    stallTimeoutMs: 120_000,
    maxConnections: 100,
    onListen: (url) => console.error("listening on " + url),
    say: (line) => console.error("said: " + line),
  });
`;

Deno.test("serve() reports what a handler throws to the operator, not to the client", async () => {
  await using child = new Child(["eval", "--no-check", MAP, OWN]);
  child.url = await child.said(/listening on (\S+)/);
  const thrown = await child.ask("/throw");
  assertEquals(thrown.status, 500);
  assertEquals(/secret/.test(await thrown.text()), false);
  await child.said(/said: Error: a secret; this is a bug in sphttp; still serving\n/);
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
