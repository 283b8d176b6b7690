// Runs in an isolate of its own: the handler of serve.ts keeps connections until the process ends.
import { assertEquals, assertStringIncludes } from "@std/assert";
import server from "../serve.ts";
import { Child, MAP, ROOT } from "./support/proxy/proxy_child.ts";

Deno.test("`deno serve serve.ts` serves with the default options", async () => {
  const script = new URL("serve.ts", ROOT).href;
  const flags = ["--no-check", "--no-prompt", "--allow-net", "--host=127.0.0.1", "--port=0"];
  await using proxy = new Child(["serve", MAP, ...flags, script]);
  const port = await proxy.said(
    /^sphttp-proxy [\d.]+ listening on port (\d+), for this machine only\n$/,
  );
  proxy.url = `http://127.0.0.1:${port}/`;
  assertEquals(await (await proxy.ask("/healthz")).text(), "ok\n");
  const refused = await proxy.ask("/proxy?host=http://127.0.0.1:9/f");
  assertEquals(refused.status, 403);
  const { detail } = await refused.json();
  assertStringIncludes(detail, "127.0.0.1 is a loopback address");
  // `deno serve` has no such flag.
  assertStringIncludes(detail, "--allow-private or --allow-host of the command");
  assertEquals(proxy.stderr.split("\n").length, 2, "the command does not run as well");
});

Deno.test("`deno serve serve.ts ARGS` reports that it accepts none", async () => {
  const script = new URL("serve.ts", ROOT).href;
  const flags = ["--no-check", "--no-prompt", "--allow-net", "--host=127.0.0.1", "--port=0"];
  await using proxy = new Child(["serve", MAP, ...flags, script, "--token=secret"]);
  const { code, stderr, stdout } = await proxy.end();
  assertEquals([code, stdout], [2, ""]);
  assertEquals(
    stderr,
    "sphttp-proxy: `deno serve` takes no arguments for the proxy; use `deno run` with server.ts\n",
  );
});

Deno.test("`deno serve server.ts` fails with Deno's own error", async () => {
  const script = new URL("server.ts", ROOT).href;
  const flags = ["--no-check", "--no-prompt", "--allow-net", "--host=127.0.0.1", "--port=0"];
  await using proxy = new Child(["serve", MAP, ...flags, script, "--port=0"]);
  await proxy.said(/deno serve requires export default \{ fetch \} in the main module/);
});

Deno.test("serve.ts serves clients on this machine only", async () => {
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
    assertStringIncludes((await response.json()).detail, "run its command with --host");
  }
});
