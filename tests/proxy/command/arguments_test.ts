import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { parseArguments, type ServeArguments } from "../../../lib/proxy/command/arguments.ts";
import { ExitCode, FLAGS, helpText } from "../../../lib/proxy/command/flags.ts";

async function understood(...args: string[]): Promise<ServeArguments> {
  const command = await parseArguments(args);
  if (command.type !== "serve") throw new Error(command.type);
  return command;
}

const NO_OPTIONS: ServeArguments["options"] = {
  allowPrivate: undefined,
  allowDowngrade: undefined,
  discoverMirrors: undefined,
  trustDates: undefined,
  allowHosts: undefined,
  ownHosts: ["127.0.0.1"],
  metricsPath: "/metrics",
  maxMirrors: undefined,
  maxDownloads: undefined,
  memory: undefined,
  cors: undefined,
  rememberMs: undefined,
  retryMaxMs: undefined,
  stallTimeoutMs: undefined,
  download: { deliverAfter: undefined },
};

const DEFAULTS: ServeArguments = {
  type: "serve",
  host: "127.0.0.1",
  port: 8080,
  tls: undefined,
  caCertFile: undefined,
  drainTimeoutMs: 30_000,
  headerTimeoutMs: 15_000,
  idleTimeoutMs: 60_000,
  stallTimeoutMs: 120_000,
  maxConnections: undefined,
  logFormat: "text",
  warning: undefined,
  metrics: undefined,
  token: undefined,
  options: NO_OPTIONS,
};

const UNDERSTOOD: [args: string[], command: Partial<ServeArguments>][] = [
  [[], {}],
  [["--host", "::1", "--port=0"], {
    host: "::1",
    port: 0,
    options: { ...NO_OPTIONS, ownHosts: ["::1"] },
  }],
  [["--port=1", "--port=2"], { port: 2 }],
  [["--cert", "a.pem", "--key=b.pem"], { tls: { certFile: "a.pem", keyFile: "b.pem" } }],
  [["--cacert", "ca.pem"], { caCertFile: "ca.pem" }],
  [["--drain-timeout=2.5"], { drainTimeoutMs: 2500 }],
  [["--drain-timeout=0"], { drainTimeoutMs: 0 }],
  [["--header-timeout=2", "--idle-timeout=0.5", "--max-connections=7"], {
    headerTimeoutMs: 2000,
    idleTimeoutMs: 500,
    maxConnections: 7,
  }],
  [["--stall-timeout=0"], { stallTimeoutMs: 0, options: { ...NO_OPTIONS, stallTimeoutMs: 0 } }],
  [["--log", "json"], { logFormat: "json" }],
  [["--log=none"], { logFormat: undefined }],
  [["--token", "s3cret"], { token: { token: "s3cret" } }],
  [["--token-file", "t"], { token: { file: "t" } }],
  [["--metrics=9100"], {
    metrics: { type: "address", hostname: "127.0.0.1", port: 9100 },
    options: { ...NO_OPTIONS, metricsPath: false },
  }],
  [["--metrics", "[::]:0"], {
    metrics: { type: "address", hostname: "::", port: 0 },
    options: { ...NO_OPTIONS, metricsPath: false },
  }],
];

const OPTIONS: [args: string[], options: ServeArguments["options"]][] = [
  [["--allow-host=*.a.example", "--allow-host", "10.0.0.0/8"], {
    allowHosts: ["*.a.example", "10.0.0.0/8"],
  }],
  [["--allow-private"], { allowPrivate: true }],
  [["--allow-downgrade"], { allowDowngrade: true }],
  [["--discover-mirrors"], { discoverMirrors: true }],
  [["--trust-dates"], { trustDates: true }],
  // Those who may use an open proxy do not learn which mirrors others use.
  [["--open"], { metricsPath: false }],
  [["--open", "--token=s3cret"], { metricsPath: "/metrics" }],
  [["--host=::", "--open"], { ownHosts: ["0.0.0.0/0", "::/0"], metricsPath: false }],
  [["--host=0.0.0.0", "--allow-host=a.example"], {
    ownHosts: ["0.0.0.0/0", "::/0"],
    allowHosts: ["a.example"],
    metricsPath: false,
  }],
  [["--host=0.0.0.0", "--token=a"], { ownHosts: ["0.0.0.0/0", "::/0"] }],
  [["--host=0.0.0.0", "--open", "--metrics=/stats-7f", "--public-name=p.example"], {
    ownHosts: ["0.0.0.0/0", "::/0", "p.example"],
    metricsPath: "/stats-7f",
  }],
  [["--metrics=none"], { metricsPath: false }],
  [["--public-name=*.example:8080", "--public-name", "*"], {
    ownHosts: ["127.0.0.1", "*.example:8080", "*"],
  }],
  [["--memory=1G", "--max-downloads=3", "--max-mirrors=4"], {
    memory: 2 ** 30,
    maxDownloads: 3,
    maxMirrors: 4,
  }],
  [["--memory", "64MiB"], { memory: 2 ** 26 }],
  [["--cors", "https://a.example", "--cors=http://b.example:8080"], {
    cors: ["https://a.example", "http://b.example:8080"],
  }],
  [["--cors=https://a.example", "--cors=*"], { cors: "*" }],
  [["--remember=0"], { rememberMs: 0 }],
  [["--deliver-after=first-answer"], { download: { deliverAfter: "first-answer" } }],
  [["--retry-max-time=5", "--stall-timeout=0.5"], { retryMaxMs: 5000, stallTimeoutMs: 500 }],
];

Deno.test("parseArguments() turns options into arguments for serving", async () => {
  for (const [args, command] of UNDERSTOOD) {
    assertEquals(await understood(...args), { ...DEFAULTS, ...command }, args.join(" "));
  }
  for (const [args, options] of OPTIONS) {
    assertEquals(
      (await understood(...args)).options,
      { ...NO_OPTIONS, ...options },
      args.join(" "),
    );
  }
});

Deno.test("parseArguments(): --help and --version take precedence", async () => {
  assertEquals(await parseArguments(["-h"]), { type: "help", topic: "common" });
  assertEquals(await parseArguments(["--host=0.0.0.0", "--help"]), {
    type: "help",
    topic: "common",
  });
  assertEquals(await parseArguments(["--help", "all"]), { type: "help", topic: "all" });
  assertEquals(await parseArguments(["-V"]), { type: "version" });
});

const REFUSED: [args: string[], says: string][] = [
  [["--hots=x"], "unknown option '--hots' (did you mean '--host'?)"],
  [["--allow-hosts", "x"], "did you mean '--allow-host'?"],
  [["--drain"], "unknown option '--drain'"],
  [["-x"], "unknown option '-x'; try 'sphttp-proxy --help'"],
  [["http://a.example/f"], "; name mirrors in requests"],
  [["--open=yes"], "option '--open' takes no value"],
  [["--port"], "option '--port' requires a value: --port N"],
  [["--token", "--open"], "option '--token' requires a value, but '--open' follows"],
  [["--host="], '--host is "", but must be an address'],
  [["--host=http://a.example/"], "but must be an address"],
  [["--port=80x"], '--port is "80x", but must be a port from 0 to 65535'],
  [["--port=65536"], "from 0 to 65535"],
  [["--port=-1"], "from 0 to 65535"],
  [["--cert=a.pem"], "--cert and --key must be used together"],
  [["--key=a.pem"], "--cert and --key must be used together"],
  [["--cert=", "--key=a"], '--cert is "", but must be the name of a file'],
  [["--memory=many"], '--memory is "many", but must be a size of at least 2M, like 256M or 1G'],
  [["--memory=1M"], '--memory is "1M"'],
  [["--memory=1.5G"], '--memory is "1.5G"'],
  [["--max-downloads=0"], '--max-downloads is "0", but must be a whole number of at least 1'],
  [["--max-mirrors=1e3"], '--max-mirrors is "1e3"'],
  [["--remember=1d"], '--remember is "1d", but must be a number of seconds'],
  [["--drain-timeout=86401"], "from 0 to 86400"],
  [["--deliver-after=first"], '--deliver-after is "first", but must be agreement or first-answer'],
  [["--stall-timeout=soon"], '--stall-timeout is "soon", but must be a number of seconds'],
  [["--retry-max-time=-1"], '--retry-max-time is "-1", but must be a number of seconds'],
  [["--header-timeout=0"], '--header-timeout is "0", but must be a number of seconds from 0.01'],
  [
    ["--idle-timeout=0.009"],
    '--idle-timeout is "0.009", but must be a number of seconds from 0.01',
  ],
  [["--idle-timeout=-1"], '--idle-timeout is "-1", but must be a number of seconds'],
  [["--max-connections=0"], '--max-connections is "0", but must be a whole number of at least 1'],
  [["--log=yaml"], '--log is "yaml", but must be text, json or none'],
  [["--allow-host=a/b"], '--allow-host is "a/b", but must be a host like one.example'],
  [["--metrics=/proxy"], '--metrics is "/proxy", but must be a /PATH'],
  [["--metrics=99999"], '--metrics is "99999", but must be'],
  [["--metrics=a b:1"], "but must be a /PATH, a PORT, HOST:PORT or none"],
  [["--public-name=a/b"], '--public-name is "a/b", but must be * or a host like one.example'],
  [["--allow-host="], '--allow-host is ""'],
  [["--cors=https://a.example/"], "did you mean https://a.example?"],
  [["--cors=null"], '--cors is "null", but must be * or an origin'],
  [["--cors=a.example"], '--cors is "a.example", but must be * or an origin'],
];

Deno.test("parseArguments() rejects invalid arguments and says what is accepted", async () => {
  for (const [args, says] of REFUSED) {
    const error = await assertRejects(() => parseArguments(args), CommandError);
    assertStringIncludes(error.message, says);
    assertEquals(error.exitCode, ExitCode.USAGE);
  }
});

Deno.test("parseArguments() never shows a token", async () => {
  for (const token of ["", "two words", "häßlich"]) {
    const error = await assertRejects(() => parseArguments(["--token", token]), CommandError);
    assertEquals(error.message, "--token must consist of visible ASCII characters, without spaces");
  }
});

Deno.test("parseArguments(): addresses other than loopback need an option for who may use the proxy", async () => {
  const loopback = ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST"];
  for (const host of loopback) {
    assertEquals((await understood("--host", host)).warning, undefined, host);
    assertEquals((await understood("--host", host, "--open")).warning, undefined, host);
  }
  for (const host of ["0.0.0.0", "::", "[::]", "10.0.0.1", "a.example", "::ffff:10.0.0.1"]) {
    const error = await assertRejects(() => parseArguments(["--host", host]), CommandError);
    assertStringIncludes(error.message, `--host ${host} lets others reach the proxy`);
    for (const way of ["--token-file FILE", "--token TOKEN", "--allow-host PATTERN", "--open"]) {
      assertStringIncludes(error.message, way);
    }
    // Allowing more mirrors says nothing about clients.
    await assertRejects(() => parseArguments(["--host", host, "--allow-private"]), CommandError);
    for (const way of ["--token=s3cret", "--token-file=t", "--allow-host=a.example"]) {
      assertEquals((await understood("--host", host, way)).warning, undefined);
    }
    const open = await understood("--host", host, "--open");
    assertStringIncludes(open.warning!, `--open on ${host} lets everyone`);
    const wide = await understood("--host", host, "--open", "--allow-private");
    assertStringIncludes(wide.warning!, "including those on your network");
  }
});

Deno.test("FLAGS: names and short names are unique", () => {
  const names = FLAGS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  const shorts = FLAGS.flatMap((flag) => flag.short ?? []);
  assertEquals(new Set(shorts).size, shorts.length);
});

Deno.test("helpText() fits a screen, and all of it lists every option", () => {
  const lines = helpText("1.2.3", "common").split("\n");
  assertStringIncludes(lines[0]!, "sphttp-proxy 1.2.3");
  assertEquals(lines.length <= 32, true, `${lines.length} lines`);
  const all = helpText("1.2.3", "all").split("\n");
  assertEquals([...lines, ...all].filter((line) => line.length > 80), []);
  for (const { name, value, help } of FLAGS) {
    const usage = value === undefined ? name : `${name} ${value}`;
    assertEquals(
      all.filter((line) => line.includes(`--${usage}  `) && line.endsWith(help)).length,
      1,
    );
  }
  assertEquals(lines.filter((line) => !all.includes(line)), []);
});
