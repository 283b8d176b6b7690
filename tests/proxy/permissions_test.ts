import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bytesContent } from "../support/lab/content.ts";
import { startMirror } from "../support/lab/mirror_lab.ts";
import { Child, MAP, proxied, ROOT } from "../support/proxy/proxy_child.ts";

const BYTES = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 2654435761) >>> 13);

function command(permissions: readonly string[], ...args: string[]): Child {
  const script = new URL("server.ts", ROOT).href;
  const options = ["run", "--quiet", "--no-check", "--no-prompt", MAP];
  return new Child([...options, ...permissions, script, "--port=0", ...args]);
}

Deno.test("the proxy runs with permission for its address and its mirrors only", async () => {
  await using mirror = await startMirror({ content: bytesContent(BYTES) });
  await using proxy = command(["--allow-net=127.0.0.1"], "--allow-private");
  proxy.url = await proxy.said(/listening on (\S+)/);
  assertStringIncludes(proxy.stderr, "Deno permits some hosts only: mirrors on others fail");
  assertStringIncludes(proxy.stderr, "SPHTTP_TOKEN is not read, if it is set (--allow-env=");
  assertEquals(await (await proxy.ask(proxied(mirror))).bytes(), BYTES);
  const elsewhere = { url: mirror.url.replace("127.0.0.1", "localhost") };
  const refused = await proxy.ask(proxied(elsewhere));
  assertEquals([refused.status, (await refused.json()).mirrors.length], [502, 1]);
});

Deno.test("the proxy names a permission that is missing, and the flag that adds it", async () => {
  const rows: [permissions: string[], args: string[], code: number, said: string][] = [
    [["--allow-net=127.0.0.1:1"], [], 1, 'Requires net access to "127.0.0.1:0"'],
    [["--allow-net"], ["--token-file=/x"], 2, 'Requires read access to "/x"'],
  ];
  await Promise.all(rows.map(async ([permissions, args, code, expected]) => {
    await using child = command(permissions, ...args);
    const ended = await child.end();
    assertStringIncludes(ended.stderr, expected);
    assertStringIncludes(ended.stderr, "run again with the --allow-");
    assertEquals(ended.code, code);
    assert(!/\n\s+at /.test(ended.stderr), ended.stderr);
  }));
});
