import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseArguments } from "../../../lib/cli/arguments/download_arguments.ts";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { VERSION } from "../../../lib/version.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

const URL = "http://a.example/f";

async function wholeOptionsOf(...args: string[]) {
  const command = await parseArguments([...args, URL]);
  if (command.type !== "download") throw new Error(command.type);
  // Without the fields that are undefined.
  return JSON.parse(JSON.stringify(command.options));
}

/** Without the header that names the program, which every command line has. */
async function optionsOf(...args: string[]) {
  const { headers: all, ...options } = await wholeOptionsOf(...args);
  const headers = all.filter(([, value]: [string, string]) => value !== `sphttp/${VERSION}`);
  return headers.length === 0 ? options : { ...options, headers };
}

Deno.test("parseArguments() turns flags into options of the engine", async () => {
  assertEquals(await optionsOf(), {});
  assertEquals(await optionsOf("--split-size", "64K", "--window=8M"), {
    splitSize: 65536,
    windowSize: 8 * 1024 ** 2,
  });
  assertEquals(await optionsOf("--delay=inv", "--duplicate=ibrc"), {
    delayRequest: "inv",
    duplicateRequest: "ibrc",
  });
  assertEquals(await optionsOf("--http2", "--retry=0", "--connect-timeout=1.5"), {
    http: "http2",
    retry: { attempts: 1 },
    connectTimeoutMs: 1500,
  });
  assertEquals(await optionsOf("--max-idle=90", "--retry-delay=2"), {
    maxIdleMs: 90_000,
    retry: { minDelayMs: 2000, maxDelayMs: 2000, jitter: 0 },
  });
  assertEquals(await optionsOf("--max-connection-per-server=4"), { maxConnectionsPerMirror: 4 });
  assertEquals(await optionsOf("--max-connection-per-server", "auto"), {
    maxConnectionsPerMirror: "auto",
  });
  assertEquals(await optionsOf("--each-address"), { eachAddress: true });
  assertEquals(await optionsOf("--deliver-after=first-answer"), { deliverAfter: "first-answer" });
  assertEquals(await optionsOf("-H", "A: 1", "-H", "A: 2"), {
    headers: [["A", "1"], ["A", "2"]],
  });
  assertEquals(await optionsOf("--delay=diff", "--no-initial-delay", "--close-bad-connections"), {
    delayRequest: "diff",
    initialDelay: false,
    closeBadConnections: true,
  });
});

Deno.test("the User-Agent names the program, unless there is another", async () => {
  const agents = async (...args: string[]) => (await wholeOptionsOf(...args)).headers;
  assertEquals(await agents(), [["User-Agent", `sphttp/${VERSION}`]]);
  assertEquals(await agents("-A", "me/1"), [["User-Agent", "me/1"]]);
  assertEquals(await agents("-A", ""), [["User-Agent", ""]]);
  assertEquals(await agents("-H", "user-agent: me/2"), [["user-agent", "me/2"]]);
  assertEquals(await agents("-H", "Host: one.example"), [
    ["User-Agent", `sphttp/${VERSION}`],
    ["Host", "one.example"],
  ]);
});

Deno.test("parseArguments() parses where connections lead", async () => {
  const connect = async (...args: string[]) => (await wholeOptionsOf(...args)).connect;
  assertEquals(await connect(), undefined);
  assertEquals(await connect("-4"), { family: 4 });
  assertEquals(await connect("--ipv6", "--interface", "::1"), { family: 6, localAddress: "::1" });
  const twice = ["--resolve", "a:1:::1", "--resolve", "b:2:127.0.0.1", "--resolve=a:1:::2,::3"];
  assertEquals(await connect(...twice), {
    resolve: { "a:1": ["::2", "::3"], "b:2": ["127.0.0.1"] },
  });
  assertEquals(await connect("--connect-to", "::b:", "--connect-to=::c:"), {
    connectTo: { ":": "b:" },
  });
  // The first that fits is used, so the order counts.
  const { connectTo } = await connect("--connect-to=a::b:", "--connect-to=::c:") ?? {};
  assertEquals(Object.entries(connectTo ?? {}), [["a:", "b:"], [":", "c:"]]);
  const { proxy, noProxy } = await wholeOptionsOf("-x", "", "--noproxy", "*");
  assertEquals([proxy, noProxy], [false, "*"]);
});

Deno.test("--static-delay implies --delay static, unless another is given", async () => {
  const staticDelays = { [URL]: 3 };
  const flag = `--static-delay=${URL}=3`;
  assertEquals(await optionsOf(flag), { delayRequest: "static", staticDelays });
  assertEquals(await optionsOf(flag, "--delay=normal"), { delayRequest: "normal", staticDelays });
});

Deno.test("--split-size widens the window if the default is too small for it", async () => {
  assertEquals(await optionsOf("--split-size=32M"), {
    splitSize: 32 * 1024 ** 2,
    windowSize: 64 * 1024 ** 2,
  });
});

Deno.test("parseArguments() parses the files of server statistics", async () => {
  const statsOf = async (...args: string[]) => {
    const command = await parseArguments([...args, URL]);
    return command.type === "download" ? command.serverStats : undefined;
  };
  assertEquals(await statsOf(), { load: undefined, save: undefined, maxAgeMs: undefined });
  assertEquals(
    await statsOf("--server-stat-if=a", "--server-stat-of=b", "--server-stat-timeout=604800"),
    { load: "a", save: "b", maxAgeMs: 604_800_000 },
  );
});

Deno.test("the last of repeated values is used", async () => {
  assertEquals(await optionsOf("--delay=inv", "--delay=diff"), { delayRequest: "diff" });
});

Deno.test("--help and --version need no URL", async () => {
  assertEquals(await parseArguments(["-h"]), { type: "help", topic: undefined });
  const secret = "http://user:s3cret@a.example/f";
  assertEquals(await parseArguments([secret, "-h"]), { type: "help", topic: undefined });
  assertEquals(await parseArguments([secret, "-h", "all"]), { type: "help", topic: "all" });
  assertEquals(await parseArguments(["-V"]), { type: "version" });
});

Deno.test("parseArguments() refuses invalid command lines", async () => {
  const refused: [args: string[], says: string][] = [
    [[], "no URL given"],
    [["-o", "f"], "no URL given"],
    [["prob", URL], "unknown command 'prob' (did you mean 'probe'?)"],
    [["completion", "bash"], "unknown command 'completion' (did you mean 'completions'?)"],
    [["-C", "100", URL], '--continue-at is "100", but must be -'],
    [["-C", "-", "-o", "-", URL], "--continue-at - cannot be used with --output -"],
    [["-s", "-v", URL], "--silent and --verbose cannot be used together"],
    [["--http1.1", "--http2", URL], "cannot be used together"],
    [["--each-address", "-k", URL], "--each-address cannot be used with --insecure"],
    [["--each-address", "-x", "http://p:1", URL], "--each-address cannot be used with --proxy"],
    [["--output=", URL], '--output is ""'],
    [["--server-stat-of=", URL], '--server-stat-of is "", but must be the name of a file'],
    [["--server-stat-if", "", URL], '--server-stat-if is "", but must be the name of a file'],
    [["--server-stat-timeout=1d", URL], '--server-stat-timeout is "1d", but must be a number'],
    [
      ["--max-connection-per-server", "many", URL],
      '--max-connection-per-server is "many", but must be a whole number',
    ],
  ];
  for (const [args, says] of refused) {
    const error = await assertRejects(() => parseArguments(args), CommandError);
    assertEquals(error.exitCode, ExitCode.USAGE);
    assertStringIncludes(error.message, says);
  }
});

Deno.test("0 means no limit, as in curl and aria2", async () => {
  const flags = ["--limit-rate=0", "-Y0", "-y5", "--connect-timeout=0", "--retry-max-time=0"];
  flags.push("--retry-delay=0");
  assertEquals(await optionsOf(...flags), {});
  const command = await parseArguments(["-m", "0", URL]);
  assertEquals(command.type === "download" && command.maxTimeMs, undefined);
});

Deno.test("a second --output is refused", async () => {
  const error = await assertRejects(
    () => parseArguments(["-o", "one", URL, "-o", "two", URL]),
    CommandError,
    "--output was given twice",
  );
  assertEquals(error.exitCode, ExitCode.USAGE);
});
