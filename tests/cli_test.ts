import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testCertificates } from "./support/lab/certificates.ts";
import { randomContent } from "./support/lab/content.ts";
import { startMirror } from "./support/lab/mirror_lab.ts";
import { denoArguments } from "./support/programs/own_commands.ts";
import { sendSignal } from "./support/programs/send_signal.ts";
import { main } from "../cli.ts";
import { ignoresHangUp } from "../lib/command_line/process.ts";
import { workplace } from "./support/workplace.ts";

const ROOT = new URL("..", import.meta.url);
const SIZE = 1_500_000;
const CONTENT = randomContent(SIZE);
const BYTES = CONTENT.read(0, SIZE);
/** A mirror whose file does not end before its rate is set, however slow the machine. */
const SLOW = { content: CONTENT, bytesPerSecond: 300_000, silentAfter: 500_000 };

/** The command in a process of its own. */
function command(args: string[], options: Deno.CommandOptions = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [...denoArguments("cli.ts"), ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
    ...options,
  });
}

async function run(args: string[], options: Deno.CommandOptions = {}) {
  const { code, stdout, stderr } = await command(args, options).output();
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}

/** A port at which nothing listens; none that the system gives away, as other tests would get it. */
const CLOSED_PORT = 3;
/** A label is longer than 63 characters: the machine knows without a server of names, which may not answer. */
const NO_HOST = `${"n".repeat(64)}.invalid`;

Deno.test("the command takes the name of the file from the URL, once", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: CONTENT, path: "/pub/my%20file.bin" });
  const first = await run([mirror.url], { cwd: place.path });
  assertEquals(first.code, 0, first.stderr);
  assertEquals(place.read("my file.bin"), BYTES);
  assertStringIncludes(first.stderr, "-> my file.bin\n");
  const second = await run([mirror.url], { cwd: place.path });
  assertEquals(second.code, 23);
  assertStringIncludes(second.stderr, "my file.bin already exists; use -o NAME");
});

Deno.test("the command pipes to stdout and keeps its words to stderr", async () => {
  await using mirror = await startMirror({ content: CONTENT });
  const { code, stdout, stderr } = await run(["-o", "-", mirror.url]);
  assertEquals(code, 0, stderr);
  assertEquals(stdout, BYTES);
  assertStringIncludes(stderr, "-> stdout");
});

Deno.test("a pipe that is closed ends the command quietly with 23", async () => {
  await using mirror = await startMirror({ content: CONTENT, bytesPerSecond: 2_000_000 });
  await using child = command(["-o", "-", "--split-size=100000", mirror.url]).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const stderr = await new Response(child.stderr).text();
  assertEquals((await child.status).code, 23);
  assertEquals(stderr, "");
});

Deno.test("exit codes tell what went wrong", async () => {
  await using mirror = await startMirror({
    content: CONTENT,
    faults: [{ kind: "status", status: 404 }],
  });
  const table: [args: string[], code: number, says: RegExp][] = [
    [[], 2, /^sphttp: no URL given: .*--help/],
    [["--ouput=x", mirror.url], 2, /did you mean '--output'\?/],
    [["ftp://a.example/f"], 3, /only http: and https:/],
    [
      ["--retry=0", `http://${NO_HOST}/f`],
      6,
      /sphttp: http:\/\/n{64}.invalid\/f: .* does not resolve/,
    ],
    [
      ["--retry=0", `http://127.0.0.1:${CLOSED_PORT}/f`],
      7,
      /sphttp: http:.*: connection failed: refused/,
    ],
    [[mirror.url], 22, /404/],
  ];
  for (const [args, code, says] of table) {
    const result = await run(["-o", "/dev/null", ...args]);
    assertEquals(result.code, code, result.stderr);
    assertMatch(result.stderr, says);
    assertEquals(/^ {4}at /m.test(result.stderr), false, "no stack trace");
  }
});

Deno.test("the help of each subcommand fits a terminal", async () => {
  for (const name of ["probe", "metalink", "completions"]) {
    const { code, stdout } = await run([name, "--help"]);
    const text = new TextDecoder().decode(stdout);
    assertEquals([code, text.split("\n").filter((line) => line.length > 80)], [0, []]);
    assertMatch(text, /^Usage: sphttp /);
  }
});

Deno.test("TLS: 60 for a certificate that is not trusted, none with -k, 35 for what is no TLS", async () => {
  using place = workplace();
  const { caPem, certPem: cert, keyPem: key } = await testCertificates();
  place.write("ca.pem", caPem);
  const serve = (tls: { cert: string; key: string } | object) =>
    Deno.serve(
      { ...tls, port: 0, hostname: "127.0.0.1", onListen() {} },
      () => new Response("contents"),
    );
  await using secure = serve({ cert, key });
  await using plain = serve({});
  const ask = (port: number, ...args: string[]) =>
    run(["--retry=0", "-o", "-", `https://127.0.0.1:${port}/f`, ...args]);
  const untrusted = await ask(secure.addr.port);
  assertEquals(untrusted.code, 60, untrusted.stderr);
  const trusted = await ask(secure.addr.port, "--cacert", place.at("ca.pem"));
  assertEquals(trusted.code, 0, trusted.stderr);
  assertEquals(new TextDecoder().decode(trusted.stdout), "contents");
  const insecure = await ask(secure.addr.port, "-k");
  assertEquals(insecure.code, 0, insecure.stderr);
  assertEquals(new TextDecoder().decode(insecure.stdout), "contents");
  assertStringIncludes(insecure.stderr, "certificates are not verified (--insecure)");
  const silent = await ask(secure.addr.port, "-k", "-s");
  assertEquals([silent.code, silent.stderr], [0, ""]);
  const failed = await ask(secure.addr.port, "-k", "-sS", "-C", "-");
  assertMatch(failed.stderr, /^sphttp: .*--output -, which leaves no part file\n$/);
  const json = await ask(secure.addr.port, "-k", "--json");
  assertEquals(json.code, 0, json.stderr);
  const types = json.stderr.trimEnd().split("\n").map((line) => JSON.parse(line).type);
  assertEquals([types.at(0), types.at(-1)], ["start", "done"]);
  const none = await ask(plain.addr.port);
  assertEquals(none.code, 35, none.stderr);
});

Deno.test("credentials are never shown, however it ends", async () => {
  await using mirror = await startMirror({
    content: CONTENT,
    requireAuthorization: `Basic ${btoa("user:hunter2")}`,
  });
  const url = mirror.url.replace("://", "://user:hunter2@");
  const wrong = mirror.url.replace("://", "://user:hunter3@");
  const refused = `http://user:hunter2@127.0.0.1:${CLOSED_PORT}/f`;
  for (const args of [[url], [wrong], [url, refused], ["--retry=0", refused], [`${url}:x y`]]) {
    const { stderr } = await run(["-v", "-o", "/dev/null", ...args]);
    assertEquals(/hunter/.test(stderr), false, stderr);
  }
});

Deno.test("credentials are never shown or recorded, however the URL is spelled", async () => {
  using place = workplace();
  await using mirror = await startMirror({
    content: CONTENT,
    requireAuthorization: `Basic ${btoa("user:hunter2")}`,
  });
  const { host, pathname } = new URL(mirror.url);
  for (
    const url of [
      `http:user:hunter2@${host}${pathname}`,
      `http:///user:hunter2@${host}${pathname}`,
      `HTTP:\\\\user:hunter2@${host}${pathname}`,
      `ht\ttp://us\ner:hunt\ner2@${host}${pathname}`,
    ]
  ) {
    for (const report of ["--json", "--no-progress"]) {
      const args = ["-v", report, "--trace=t", "-o", "f", "-w", "%{url}\\n", url];
      const { code, stdout, stderr } = await run(args, { cwd: place.path });
      assertEquals(code, 0, stderr);
      assertEquals(place.read("f"), BYTES);
      const trace = place.readText("t");
      assertStringIncludes(trace, `"mirror":"http://${host}${pathname}"`);
      const shown = stderr + new TextDecoder().decode(stdout) + trace;
      assertEquals(/hunt|er2|user/.test(shown), false, shown);
    }
  }
});

Deno.test({
  name: "a signal leaves the part file and says how to go on",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      using place = workplace();
      const part = place.at("f.part");
      await using mirror = await startMirror(SLOW);
      const watcher = Deno.watchFs(place.path);
      await using child = command(["-o", "f", mirror.url], { cwd: place.path }).spawn();
      for await (const { paths } of watcher) {
        if (paths.includes(part) && Deno.statSync(part).size > 0) break;
      }
      child.kill(signal);
      const { code: ended, stderr } = await child.output();
      const text = new TextDecoder().decode(stderr);
      assertEquals(ended, code, text);
      assertMatch(text, /interrupted at [\d.]+ [kM]B of 1\.5 MB; f\.part is kept: run the same/);
      const kept = Deno.readFileSync(part);
      assertEquals(kept, BYTES.subarray(0, kept.byteLength));
      mirror.setRate(undefined);
      const again = await run(["-C", "-", "-o", "f", mirror.url], { cwd: place.path });
      assertEquals(again.code, 0, again.stderr);
      assertEquals(place.read("f"), BYTES);
    }
  },
});

Deno.test({
  name: "a signal ends the command also while its pipe is not read",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using mirror = await startMirror({ content: CONTENT });
    await using child = command(["-v", "-o", "-", mirror.url]).spawn();
    // Everything has come, but the pipe holds only a part of it.
    let stderr = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      stderr += text;
      if (text.includes("block 1 received")) sendSignal(child, "SIGINT");
    }
    await child.stdout.cancel();
    assertEquals((await child.status).code, 130, stderr);
    assertStringIncludes(stderr, "interrupted at ");
  },
});

Deno.test({
  name: "a signal ends the command also while a list comes from stdin",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using place = workplace();
    await using child = command(["-i", "-"], { cwd: place.path, stdin: "piped" }).spawn();
    const stdin = child.stdin.getWriter();
    // More than a pipe holds: it is being read.
    await stdin.write(new Uint8Array(1024 * 1024).fill(10));
    child.kill("SIGINT");
    const [{ code }, stderr] = await Promise.all([
      child.status,
      new Response(child.stderr).text(),
      child.stdout.cancel(),
    ]);
    await stdin.abort().catch(() => {});
    assertEquals([code, stderr], [130, "sphttp: interrupted\n"]);
  },
});

Deno.test("the command needs no permission for the environment", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: CONTENT });
  const map = `--import-map=${new URL("import_map.npm.json", ROOT).href}`;
  const permissions = ["--no-prompt", "--allow-net", "--allow-read", "--allow-write"];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", map, ...permissions, new URL("cli.ts", ROOT).href],
      ...["-o", place.at("f"), `--checksum=md5=${"0".repeat(32)}`, mirror.url],
    ],
  }).output();
  assertEquals(code, 32, new TextDecoder().decode(stderr));
});

Deno.test("main() resolves to the exit code", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: CONTENT });
  assertEquals(await main(["-s", "-o", place.at("f"), mirror.url]), 0);
  assertEquals(place.read("f"), BYTES);
});

Deno.test("-k needs the permission for the network only, and starts no other process", async () => {
  const { certPem: cert, keyPem: key } = await testCertificates();
  await using server = Deno.serve(
    { cert, key, port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("contents"),
  );
  const map = `--import-map=${new URL("import_map.npm.json", ROOT).href}`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--no-prompt", map, "--allow-net=127.0.0.1"],
      ...[new URL("cli.ts", ROOT).href, "-k", "-o", "-"],
      `https://127.0.0.1:${server.addr.port}/f`,
    ],
    stderr: "piped",
  }).output();
  const text = new TextDecoder();
  assertEquals([code, text.decode(stdout)], [0, "contents"], text.decode(stderr));
});

for (const [how, flags] of [["", []], [", also with -k", ["-k"]]] as const) {
  Deno.test({
    name: `a terminal that closes is exit 129, and the part file stays${how}`,
    // Where the tests are run by nohup, so is the command.
    ignore: ignoresHangUp(),
    fn: () => closeTerminal(flags),
  });
}

async function closeTerminal(flags: readonly string[]): Promise<void> {
  using place = workplace();
  await using mirror = await startMirror(SLOW);
  const child = command([...flags, "-o", "f", mirror.url], { cwd: place.path }).spawn();
  const part = place.at("f.part");
  const size = () => {
    try {
      return Deno.statSync(part).size;
    } catch {
      return 0;
    }
  };
  let ended = false;
  child.status.then(() => ended = true);
  while (size() === 0 && !ended) await new Promise((resolve) => setTimeout(resolve, 5));
  sendSignal(child, "SIGHUP");
  const [{ code }, stderr] = await Promise.all([
    child.status,
    new Response(child.stderr).text(),
    child.stdout.cancel(),
  ]);
  assertEquals(code, 129);
  assertStringIncludes(stderr, "f.part is kept");
  const { size: kept } = Deno.statSync(part);
  assertEquals(Deno.readFileSync(part), BYTES.subarray(0, kept));
}
