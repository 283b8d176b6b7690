import { assertEquals, assertStringIncludes } from "@std/assert";
import { certificatesFor, testCertificates } from "../../support/lab/certificates.ts";
import { startHttpProxy } from "../../support/lab/forward_proxy.ts";
import { freePort } from "../../support/lab/free_port.ts";
import { failCommand, runCommand, tryCommand } from "../../support/cli/run_command.ts";
import { startNginx } from "../../support/programs/nginx.ts";
import { denoArguments } from "../../support/programs/own_commands.ts";
import { findProgram, programPath, testWith } from "../../support/programs/programs.ts";
import { workplace } from "../../support/workplace.ts";

/** Servers on one port of two addresses, with TLS on another; they answer with what they see. */
async function startServers(caFile: string) {
  const { caPem, certPem, keyPem } = await certificatesFor("one.example", "two.example");
  await Deno.writeTextFile(caFile, caPem);
  const handler: Deno.ServeHandler<Deno.NetAddr> = ({ headers, url }, { remoteAddr }) =>
    new Response(
      [
        ...[headers.get("host") ?? new URL(url).host, remoteAddr.hostname],
        headers.get("user-agent")?.replace(/\/.*/, ""),
      ].join(" "),
    );
  const quiet = { onListen() {} };
  // The same one is free at the other address.
  const port = freePort();
  const four = Deno.serve({ ...quiet, hostname: "127.0.0.1", port }, handler);
  const six = Deno.serve({ ...quiet, hostname: "::1", port }, handler);
  const tls = { cert: certPem, key: keyPem };
  const secure = Deno.serve({ ...quiet, ...tls, hostname: "127.0.0.1", port: 0 }, handler);
  return {
    port: String(port),
    securePort: String(secure.addr.port),
    async [Symbol.asyncDispose]() {
      await Promise.all([four.shutdown(), six.shutdown(), secure.shutdown()]);
    },
  };
}

interface Result {
  readonly code: number;
  readonly text: string | undefined;
}

async function read(file: string): Promise<string | undefined> {
  const text = await Deno.readTextFile(file).catch(() => undefined);
  await Deno.remove(file).catch(() => {});
  return text?.replace(/ (curl|sphttp)$/, "");
}

async function curl(args: readonly string[], file: string): Promise<Result> {
  const all = ["-sS", "--max-time", "20", "-o", file, ...args];
  const { code } = await new Deno.Command(programPath("curl"), { args: all }).output();
  return { code, text: code === 0 ? await read(file) : undefined };
}

async function sphttp(args: readonly string[], file: string): Promise<Result> {
  const { error } = await tryCommand(["--retry=0", "-o", file, ...args]);
  return error ? { code: error.exitCode, text: undefined } : { code: 0, text: await read(file) };
}

/** `P` is the port of the servers, `S` that with TLS. What comes, or the exit code. */
const ROWS: readonly (readonly [args: string, result: string | number])[] = [
  ["http://127.0.0.1:P/f", "127.0.0.1:P 127.0.0.1"],
  ["http://[::1]:P/f", "[::1]:P ::1"],
  ["-4 http://localhost:P/f", "localhost:P 127.0.0.1"],
  ["-6 http://localhost:P/f", "localhost:P ::1"],
  ["--resolve one.example:P:127.0.0.1 http://one.example:P/f", "one.example:P 127.0.0.1"],
  ["--resolve one.example:P:::1 http://one.example:P/f", "one.example:P ::1"],
  ["--resolve one.example:P:[::1] http://one.example:P/f", "one.example:P ::1"],
  ["--resolve *:P:127.0.0.1 http://any.example:P/f", "any.example:P 127.0.0.1"],
  ["-4 --resolve x.example:P:::1 http://x.example:P/f", 6],
  ["--resolve x.example:P:127.0.0.9 http://x.example:P/f", 7],
  ["--connect-to x.example:80:127.0.0.1:P http://x.example/f", "x.example 127.0.0.1"],
  ["--connect-to x.example::[::1]:P http://x.example/f", "x.example ::1"],
  ["--connect-to :::P http://127.0.0.1/f", "127.0.0.1 127.0.0.1"],
  [
    "--connect-to x.example:80:y.example:P --resolve y.example:P:::1 http://x.example/f",
    "x.example ::1",
  ],
  ["--interface 127.0.0.5 http://127.0.0.1:P/f", "127.0.0.1:P 127.0.0.5"],
  ["-H Host:other.example http://127.0.0.1:P/f", "other.example 127.0.0.1"],
  [
    "--cacert CA --resolve one.example:S:127.0.0.1 https://one.example:S/f",
    "one.example:S 127.0.0.1",
  ],
  [
    "--cacert CA --connect-to two.example:443:127.0.0.1:S https://two.example/f",
    "two.example 127.0.0.1",
  ],
  ["--cacert CA --connect-to x.example:443:127.0.0.1:S https://x.example/f", 60],
  ["--connect-to one.example:443:127.0.0.1:S https://one.example/f", 60],
  ["-k --connect-to x.example:443:127.0.0.1:S https://x.example/f", "x.example 127.0.0.1"],
  ["-x 127.0.0.1:9 --noproxy * http://127.0.0.1:P/f", "127.0.0.1:P 127.0.0.1"],
  ["-x 127.0.0.1:9 --noproxy 127.0.0.1 http://127.0.0.1:P/f", "127.0.0.1:P 127.0.0.1"],
  ["-x 127.0.0.1:9 --noproxy two.example http://127.0.0.1:P/f", 7],
];

Deno.test("flags that say where connections lead do what those of curl do", async () => {
  using place = workplace();
  const [caFile, file] = [place.at("ca.pem"), place.at("f")];
  await using servers = await startServers(caFile);
  const places: Readonly<Record<string, string>> = {
    ...{ P: servers.port, S: servers.securePort, CA: caFile },
  };
  const filled = (text: string) => text.replace(/\b(P|S|CA)\b/g, (name) => places[name]!);
  for (const [line, result] of ROWS) {
    const args = filled(line).split(" ");
    const expected: Result = typeof result === "number"
      ? { code: result, text: undefined }
      : { code: 0, text: filled(result) };
    // Without curl, what it did is in the table.
    if (findProgram("curl") !== undefined) {
      assertEquals(await curl(["-g", ...args], file), expected, `curl ${line}`);
    }
    assertEquals(await sphttp(args, file), expected, line);
  }
});

testWith(
  ["curl"],
  "-x '' and --noproxy go before the environment's proxies, as in curl",
  async () => {
    await using proxy = await startHttpProxy();
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
      return new Response("direct");
    });
    const { PATH = "", HOME = "", DENO_DIR } = Deno.env.toObject();
    const env = {
      ...{ PATH, HOME, http_proxy: `http://${proxy.host}` },
      ...(DENO_DIR !== undefined && { DENO_DIR }),
    };
    const deno = denoArguments("cli.ts");
    try {
      const url = `http://127.0.0.1:${server.addr.port}/f`;
      const rows: readonly (readonly [args: readonly string[], proxied: boolean])[] = [
        [[], true],
        [["-x", ""], false],
        [["--noproxy", "*"], false],
        [["--noproxy", "127.0.0.0/8"], false],
        [["--noproxy", "one.example"], true],
      ];
      for (const [args, proxied] of rows) {
        for (
          const [program, first] of [[programPath("curl"), []], [Deno.execPath(), deno]] as const
        ) {
          const before = proxy.seen.length;
          const all = [...first, "-sS", "-o", "-", ...args, url];
          const command = new Deno.Command(program, { args: all, clearEnv: true, env });
          const { stdout } = await command.output();
          const about = `${program} ${args.join(" ")}`;
          assertEquals(new TextDecoder().decode(stdout), "direct", about);
          assertEquals(proxy.seen.length > before, proxied, about);
        }
      }
    } finally {
      await server.shutdown();
    }
  },
);

Deno.test("flags that cannot be followed are refused before a request, and name themselves", async () => {
  const rule = ["--resolve", "a.example:80:127.0.0.1"];
  const error = await failCommand([...rule, "-x", "127.0.0.1:9", "http://a.example/f"]);
  assertStringIncludes(error.message, "--resolve cannot be used with --proxy");
  assertEquals(error.exitCode, 2);
});

testWith(
  ["nginx"],
  "--cert and --key show a certificate to a server that requires one",
  async () => {
    using place = workplace();
    const { at } = place;
    const server = await testCertificates();
    const client = await certificatesFor("client.example");
    const files = {
      ...{ "ca.pem": server.caPem, "cert.pem": server.certPem, "key.pem": server.keyPem },
      ...{ "client.pem": client.certPem, "client.key": client.keyPem, "file.bin": "hello" },
      "both.pem": `${client.certPem}\n${client.keyPem}`,
    };
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(at(name), text);
    await using nginx = await startNginx({
      root: place.path,
      listeners: 1,
      tls: { certFile: at("cert.pem"), keyFile: at("key.pem"), http2: true },
      extra: `ssl_verify_client on; ssl_client_certificate ${at("ca.pem")};`,
    });
    const [url] = nginx.urls("file.bin");
    const common = ["--retry=0", "-o", at("f"), url!];
    const trust = ["--cacert", at("ca.pem")];
    const own = ["--cert", at("client.pem"), "--key", at("client.key")];
    for (const args of [[...trust, ...own], [...trust, "-E", at("both.pem")], ["-k", ...own]]) {
      await runCommand([...args, ...common]);
      assertEquals(await Deno.readTextFile(at("f")), "hello");
      await Deno.remove(at("f"));
    }
    const error = await failCommand([...trust, ...common]);
    assertEquals(error.exitCode, 22);
  },
);
