import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { randomContent } from "../support/lab/content.ts";
import { until } from "../support/lab/client.ts";
import { startMirror } from "../support/lab/mirror_lab.ts";
import { begin, NO_SIGNALS, proxied, started } from "../support/proxy/proxy_child.ts";

const SIZE = 1_500_000;
const CONTENT = randomContent(SIZE);
const BYTES = CONTENT.read(0, SIZE);
/** A mirror whose file does not end before its rate is set, however slow the machine. */
const SLOW = { content: CONTENT, bytesPerSecond: 300_000, silentAfter: 500_000 };

Deno.test({
  name: "SIGTERM stops accepting clients and lets downloads finish",
  ignore: NO_SIGNALS,
  fn: async () => {
    await using mirror = await startMirror(SLOW);
    await using proxy = await started("--allow-private");
    const download = await begin(await proxy.ask(proxied(mirror)));
    proxy.signal("SIGTERM");
    await proxy.said(/stopping: waiting up to 30 s for 1 request to finish\n/);
    const { hostname, port } = new URL(proxy.url);
    // The system accepts connections until the listener is closed.
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
  name: "SIGTERM lets a file finish that its mirror calls an event stream",
  ignore: NO_SIGNALS,
  fn: async () => {
    const contentType = "text/event-stream";
    await using mirror = await startMirror({ ...SLOW, contentType });
    await using proxy = await started("--allow-private");
    const response = await proxy.ask(proxied(mirror));
    assertEquals(response.headers.get("content-type"), contentType);
    const download = await begin(response);
    proxy.signal("SIGTERM");
    await proxy.said(/stopping: waiting up to 30 s for 1 request to finish\n/);
    mirror.setRate(undefined);
    assertEquals(await download.rest(), BYTES);
    assertEquals((await proxy.end()).code, 0);
  },
});

Deno.test({
  name: "--drain-timeout aborts running requests and reports their number",
  ignore: NO_SIGNALS,
  fn: async () => {
    // One for each client: the first could take all that a common one sends before it falls silent.
    await using mirror = await startMirror(SLOW);
    await using other = await startMirror(SLOW);
    const mirrors = [mirror, other];
    await using proxy = await started("--allow-private", "--drain-timeout=0.2");
    const downloads = await Promise.all(
      mirrors.map(async (one) => await begin(await proxy.ask(proxied(one)))),
    );
    for (const one of mirrors) one.setRate(0);
    proxy.signal("SIGINT");
    await Promise.all(downloads.map(({ rest }) => assertRejects(rest, "half a file has no end")));
    const { code, stderr, stdout } = await proxy.end();
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "sphttp-proxy: 2 requests aborted\n");
    assertMatch(stdout, /^([^\n]* 200 [1-9]\d* [\d.]+s - cancelled\n){2}$/);
  },
});

Deno.test({
  name: "a second Ctrl-C exits at once",
  ignore: NO_SIGNALS,
  fn: async () => {
    await using mirror = await startMirror(SLOW);
    await using proxy = await started("--allow-private");
    const download = await begin(await proxy.ask(proxied(mirror)));
    mirror.setRate(0);
    proxy.signal("SIGINT");
    await proxy.said(/stopping: waiting up to .* for 1 request/);
    // A signal within half a second counts as the same Ctrl-C.
    const again = setInterval(() => proxy.signal("SIGINT"), 100);
    try {
      await assertRejects(download.rest);
    } finally {
      clearInterval(again);
    }
    const { code, stdout } = await proxy.end();
    assertEquals(code, 130);
    assertMatch(stdout, /^[^\n]* 200 [1-9]\d* [\d.]+s - cancelled\n$/);
  },
});

Deno.test({
  name: "the command does not wait for a client that has disconnected",
  ignore: NO_SIGNALS,
  fn: async () => {
    await using mirror = await startMirror(SLOW);
    // Waiting would take longer than the child may live.
    await using proxy = await started("--allow-private", "--drain-timeout=600");
    const leaving = new AbortController();
    await begin(await proxy.ask(proxied(mirror), { signal: leaving.signal }));
    leaving.abort();
    await until(() => mirror.openConnections === 0 ? true : undefined);
    // The proxy has left the mirror, and is about to end the request.
    proxy.signal("SIGTERM");
    const { code, stderr, stdout } = await proxy.end();
    assertEquals(code, 0, stderr);
    assertEquals(/aborted/.test(stderr), false, stderr);
    assertMatch(stdout, /- cancelled\n$/);
  },
});

Deno.test({
  name: "watchers and incomplete requests do not delay the exit",
  ignore: NO_SIGNALS,
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
