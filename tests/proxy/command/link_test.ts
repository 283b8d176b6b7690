import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { linkHelp, makeLink, parseLinkArguments } from "../../../lib/proxy/command/link.ts";
import { createHandler } from "../../../server.ts";
import { Child, command, MAP, ROOT } from "../../support/proxy/proxy_child.ts";
import { workplace } from "../../support/workplace.ts";

const TOKEN = "0123456789abcdef";
const MIRROR = "http://10.0.0.1/a%20b,c.mkv?x=1&y";

async function link(nowMs: number, ...args: string[]): Promise<URL> {
  const parsed = await parseLinkArguments([...args, `--token=${TOKEN}`], undefined);
  if (parsed.type !== "link") throw new Error(parsed.type);
  return new URL(await makeLink(parsed, TOKEN, nowMs));
}

Deno.test("sphttp-proxy link prints a link that the proxy admits until it expires", async () => {
  await using handler = createHandler({ token: TOKEN });
  const state = async (url: URL) => {
    const response = await handler(new Request(url));
    return (await response.json()).detail;
  };
  const good = await link(Date.now(), MIRROR, "http://10.0.0.2/f", "--expires=30m");
  assertEquals([good.origin, good.pathname], ["http://127.0.0.1:8080", "/proxy/a%20b%2Cc.mkv"]);
  assertEquals(good.searchParams.getAll("url"), [MIRROR, "http://10.0.0.2/f"]);
  assertEquals(good.href.includes(TOKEN), false);
  assertStringIncludes(await state(good), "is a private address");
  const old = await link(Date.now() - 31 * 60_000, MIRROR, "--expires", "30m");
  assertStringIncludes(await state(old), "has expired");
  const named = await link(Date.now(), MIRROR, "--base=https://p.example/films", "--name=film.mp4");
  assertEquals([named.origin, named.pathname], ["https://p.example", "/films/proxy/film.mp4"]);
  const dots = await link(Date.now(), MIRROR, "--base=https://p.example/films", "--name=..");
  assertEquals(dots.pathname, "/films/proxy");
});

Deno.test("sphttp-proxy link says what is wrong", async () => {
  const table: [args: string[], says: string][] = [
    [[], "no URL given"],
    [[MIRROR], "use --token-file or SPHTTP_TOKEN"],
    [[MIRROR, "--token=a", "--token-file=b"], "cannot be used together"],
    [[MIRROR, "--token=häßlich"], "visible ASCII"],
    [[MIRROR, "--expires=2"], "but must be a time like 90s, 30m, 2h or 7d"],
    [[MIRROR, "--expires=0h"], "but must be a time"],
    [[MIRROR, "--expires=9999d"], "but must be a time"],
    [[MIRROR, "--base=ftp://a/"], "but must be a URL like"],
    [[MIRROR, "--expire=2h"], "did you mean '--expires'?"],
  ];
  for (const [args, says] of table) {
    const environment = says.includes("SPHTTP_TOKEN") ? undefined : TOKEN;
    const error = await assertRejects(() => parseLinkArguments(args, environment), CommandError);
    assertStringIncludes(error.message, says);
    assertEquals(error.message.includes("häßlich"), false);
  }
  const weak = { type: "link", base: new URL("http://a/"), name: undefined, validMs: 1 } as const;
  const token = { token: "short" };
  const short = { ...weak, metalink: undefined, mirrors: [MIRROR], token };
  await assertRejects(() => makeLink(short, "short", 0), CommandError, "at least 16");
  const wrong = { ...weak, metalink: undefined, mirrors: ["nonsense"], token };
  await assertRejects(() => makeLink(wrong, TOKEN, 0), CommandError, "nonsense");
  for (const line of linkHelp().split("\n")) assertEquals(line.length <= 80, true, line);
});

Deno.test("the token is read from a file or the environment, and not shown", async () => {
  using place = workplace();
  place.write("token", `${TOKEN}\n`);
  place.write("empty", "\n");
  place.write("words", "two words");
  await using printed = command("link", MIRROR, `--token-file=${place.path}/token`);
  const { code, stdout, stderr } = await printed.end();
  assertEquals([code, stderr], [0, ""]);
  await using handler = createHandler({ token: TOKEN });
  const response = await handler(new Request(stdout.trim()));
  assertStringIncludes((await response.json()).detail, "is a private address");
  for (const name of ["missing", "empty", "words"]) {
    await using refused = command("--port=0", `--token-file=${place.path}/${name}`);
    const end = await refused.end();
    assertEquals(end.code, 2, end.stderr);
    assertStringIncludes(end.stderr, "--token-file");
    assertEquals(end.stderr.includes("two words"), false);
  }
  await using proxy = new Child([
    "run",
    "--quiet",
    "--no-check",
    MAP,
    "--no-prompt",
    "--allow-net",
    "--allow-env=SPHTTP_TOKEN",
    new URL("server.ts", ROOT).href,
    "--port=0",
  ], { SPHTTP_TOKEN: TOKEN });
  proxy.url = await proxy.said(/listening on (\S+)/);
  const statuses: number[] = [];
  for (const authorization of ["Bearer wrong", `Bearer ${TOKEN}`]) {
    const answer = await proxy.ask("/metrics", { headers: { authorization } });
    statuses.push(answer.status);
    await answer.body?.cancel();
  }
  assertEquals(statuses, [401, 200]);
});
