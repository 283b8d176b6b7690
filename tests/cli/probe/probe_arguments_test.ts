import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import {
  parseProbeArguments,
  PROBE_FLAGS,
  probeHelp,
} from "../../../lib/cli/probe/probe_arguments.ts";
import { VERSION } from "../../../lib/version.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

Deno.test("parseProbeArguments() parses every flag", async () => {
  const args = ["--json", "--time=2.5", "-H", "X-A: 1", "-A", "me/1", "-u", "me:p@%41"];
  const more = ["--cacert", "ca.pem", "--connect-timeout=3", "--http1.1", "-x", "p.example:3128"];
  const network = ["--noproxy=a.example", "--interface=127.0.0.1", "-E", "client.pem"];
  const rest = [
    "--key=client.key",
    "-b",
    "a=1",
    "-b",
    "b=2",
    "-e",
    "http://from.example/",
    "-k",
    "-n",
  ];
  const urls = ["http://{a,b}.example/f", "http://x:y@c.example/f"];
  assertEquals(await parseProbeArguments([...args, ...more, ...network, ...rest, ...urls]), {
    urls: ["http://a.example/f", "http://b.example/f", "http://x:y@c.example/f"],
    metalink: undefined,
    timeMs: 2500,
    json: true,
    caCertFile: "ca.pem",
    clientCertificate: { cert: "client.pem", key: "client.key" },
    places: new Map(),
    insecure: true,
    login: { user: { username: "me", password: "p@%41" }, netrc: true },
    options: {
      proxy: "http://p.example:3128",
      noProxy: "a.example",
      connect: {
        ...{ resolve: undefined, connectTo: undefined, family: undefined },
        localAddress: "127.0.0.1",
      },
      headers: [
        ["Cookie", "a=1; b=2"],
        ["User-Agent", "me/1"],
        ["Referer", "http://from.example/"],
        ["X-A", "1"],
      ],
      http: "http1",
      connectTimeoutMs: 3000,
    },
  });
  assertEquals(await parseProbeArguments(["http://a/"]), {
    ...{ urls: ["http://a/"], timeMs: 1000, json: false, caCertFile: undefined, insecure: false },
    metalink: undefined,
    clientCertificate: { cert: undefined, key: undefined },
    places: new Map(),
    login: { user: undefined, netrc: false },
    options: {
      ...{ proxy: undefined, noProxy: undefined, connect: undefined, http: undefined },
      headers: [["User-Agent", `sphttp/${VERSION}`]],
      connectTimeoutMs: undefined,
    },
  });
  assertEquals(await parseProbeArguments(["-h", "nonsense"]), "help");
  const literal = await parseProbeArguments(["-g", " http://a/[1-2]{b,c} ", "http://a/[x]"]);
  assertEquals(literal !== "help" && literal.urls, ["http://a/[1-2]{b,c}", "http://a/[x]"]);
});

Deno.test("parseProbeArguments() takes a Metalink by its flag or its name", async () => {
  const table: [args: string[], metalink: object | undefined][] = [
    [["-M", "list"], { source: "list", file: undefined }],
    [["--metalink", "http://a/list", "--select-file", "f"], { source: "http://a/list", file: "f" }],
    [["http://a/f.meta4?x=1"], { source: "http://a/f.meta4?x=1", file: undefined }],
    [["http://a/f.meta4", "http://b/f.meta4"], undefined],
  ];
  for (const [args, metalink] of table) {
    const command = await parseProbeArguments(args);
    assertEquals(command !== "help" && command.metalink, metalink);
    assertEquals(command !== "help" && command.urls, metalink === undefined ? args : []);
  }
});

const REFUSED: [args: string[], says: string][] = [
  [[], "no URL given: sphttp probe [options] URL..."],
  [["--jsno", "http://a/"], "(did you mean '--json'?)"],
  [["-o", "f", "http://a/"], "unknown option '-o'; try 'sphttp probe --help'"],
  [["--time=0", "http://a/"], '--time is "0", but must be a number of seconds'],
  [["--time", "soon", "http://a/"], '--time is "soon"'],
  [["--connect-timeout=-1", "http://a/"], '--connect-timeout is "-1"'],
  [["--http1.1", "--http2", "http://a/"], "cannot be used together"],
  [["-u", ":hunter2", "http://a/"], "--user has no user name"],
  [["-H", "hunter2", "http://a/"], "--header"],
  [["-A", "hunter2\n", "http://a/"], "--user-agent contains a character"],
  [["--cacert=", "http://a/"], '--cacert is ""'],
  [["http://a/[1-999]"], "expands to more than 256 URLs"],
  [["-M", "list", "http://a/"], "--metalink cannot be used with URLs on the command line"],
  [["--select-file", "f", "http://a/"], "--select-file needs a Metalink: --metalink FILE"],
];

Deno.test("parseProbeArguments() explains what is wrong with arguments", async () => {
  for (const [args, says] of REFUSED) {
    const error = await assertRejects(() => parseProbeArguments(args), CommandError);
    assertEquals(error.exitCode, ExitCode.USAGE);
    assertStringIncludes(error.message, says);
  }
});

Deno.test("probeHelp() lists every flag and fits on a screen", () => {
  const lines = probeHelp().split("\n");
  assertEquals(lines.filter((line) => line.length > 80), []);
  assertEquals(lines.length <= 50, true);
  for (const { name } of PROBE_FLAGS) assertStringIncludes(lines.join("\n"), `--${name} `);
});
