// The words of the platform's errors, held against real servers: a change of wording fails here.
import { assertEquals, assertMatch } from "@std/assert";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { NetworkFault } from "../../lib/errors.ts";
import { openInsecureFetch } from "../../mod.ts";
import { networkProblem, readNetworkFailure } from "../../lib/transport/network_failure.ts";
import {
  type CertificateFlaw,
  flawedCertificates,
  testCertificates,
} from "../support/lab/certificates.ts";
import { freePort } from "../support/lab/free_port.ts";
import { startHttp2Server } from "../support/lab/http2_server.ts";
import { programPath, testWith } from "../support/programs/programs.ts";
import { sendSignal } from "../support/programs/send_signal.ts";
import { workplace } from "../support/workplace.ts";

type Serve = (socket: Socket) => void;

/** Calls `work` with the port of a server on loopback. */
async function withServer(serve: Serve, work: (port: number) => Promise<void>): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    serve(socket);
    socket.resume();
  });
  await listening(server);
  try {
    await work((server.address() as { port: number }).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

function listening(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}

/** Requests `url`, and returns what its failure says. */
async function failureOf(url: string, client?: Deno.HttpClient) {
  try {
    const { body, status } = await fetch(url, client === undefined ? {} : { client });
    await body?.cancel();
    throw new RangeError(`${url} answered ${status}`);
  } catch (error) {
    if (error instanceof RangeError) throw error;
    return readNetworkFailure(error);
  } finally {
    client?.close();
  }
}

/** Answers the first bytes of a request with `text`, and closes. */
function says(text: string | Uint8Array): Serve {
  return (socket) => socket.once("data", () => socket.end(text));
}

const OK = "HTTP/1.1 200 OK\r\n";
const EMPTY = "Content-Length: 0\r\n";

const ANSWERS: [name: string, serve: Serve, fault: NetworkFault, problem: RegExp][] = [
  ["text", says("<html>hello</html>\r\n\r\n"), "garbage", /is not HTTP/],
  ["a greeting", (s) => s.write("SSH-2.0-OpenSSH_9.0\r\n"), "garbage", /is not HTTP/],
  ["binary data", says(new Uint8Array(3000).fill(0xff)), "garbage", /is not HTTP/],
  ["a radio station", says(`ICY 200 OK\r\n${EMPTY}\r\n`), "garbage", /is not HTTP/],
  ["no status", says(`HTTP/1.1 2x0 OK\r\n${EMPTY}\r\n`), "garbage", /is not HTTP/],
  ["nothing", says(""), "empty", /closed without a response/],
  ["half a header", says(OK + "Content-Le"), "empty", /closed without a response/],
  ["a reset", (s) => s.once("data", () => s.resetAndDestroy()), "reset", /was reset/],
  [
    "many fields",
    says(OK + EMPTY + Array.from({ length: 200 }, (_, i) => `x-${i}: v\r\n`).join("") + "\r\n"),
    "head",
    /over 100 fields/,
  ],
  ["a huge field", says(`${OK}X: ${"x".repeat(1 << 20)}\r\n\r\n`), "head", /too large/],
  ["a folded field", says(`${OK}X-A: a\r\n b\r\n\r\n`), "head", /folded/],
  ["a space in a name", says(`${OK}X A: a\r\n\r\n`), "head", /malformed/],
  ["no length", says(`${OK}Content-Length: abc\r\n\r\n`), "head", /content-length is invalid/],
  [
    "two lengths",
    says(`${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`),
    "head",
    /content-length is invalid/,
  ],
];

for (const [name, serve, fault, problem] of ANSWERS) {
  Deno.test(`readNetworkFailure(): a server that answers with ${name}`, async () => {
    await withServer(serve, async (port) => {
      const failure = await failureOf(`http://127.0.0.1:${port}/f`);
      assertEquals(failure.fault, fault, failure.words);
      assertMatch(networkProblem(failure, ""), problem);
      assertEquals(failure.permanent, fault === "garbage" || fault === "head");
    });
  });
}

Deno.test("readNetworkFailure(): a host that does not exist, and one that refuses", async () => {
  // A label longer than 63 characters: the machine knows without a server of names, which may not answer.
  const host = await failureOf(`http://${"n".repeat(64)}.invalid/f`);
  assertEquals([host.fault, host.permanent], ["host", true]);
  assertEquals(networkProblem(host, ""), "connection failed: the host name does not resolve");
  const port = freePort();
  for (const scheme of ["http", "https"]) {
    const refused = await failureOf(`${scheme}://127.0.0.1:${port}/f`);
    assertEquals([refused.fault, refused.permanent], ["refused", false]);
  }
  const proxy = Deno.createHttpClient({ proxy: { url: `socks5://127.0.0.1:${port}` } });
  assertEquals((await failureOf("http://127.0.0.1:8080/f", proxy)).fault, "refused");
});

const SOCKS: [reply: number, fault: NetworkFault | undefined, proxyRefused: boolean][] = [
  [1, undefined, true],
  [2, undefined, true],
  [3, "unreachable", false],
  [4, "unreachable", false],
  [5, "refused", false],
  [6, "unreachable", false],
];

Deno.test("readNetworkFailure(): what a SOCKS proxy answers", async () => {
  for (const [reply, fault, proxyRefused] of SOCKS) {
    const proxy: Serve = (socket) =>
      socket.once("data", () => {
        socket.write(Uint8Array.of(5, 0));
        socket.once("data", () => socket.end(Uint8Array.of(5, reply, 0, 1, 0, 0, 0, 0, 0, 0)));
      });
    await withServer(proxy, async (port) => {
      const url = `socks5h://127.0.0.1:${port}`;
      const platform = await failureOf(
        "https://a.test/f",
        Deno.createHttpClient({ proxy: { url } }),
      );
      assertEquals([platform.fault, platform.proxyRefused], [fault, proxyRefused], platform.words);
      using insecure = await openInsecureFetch({ proxy: url });
      const error = await insecure.fetch("https://a.test/f").catch((error) => error);
      assertEquals(readNetworkFailure(error), platform);
    });
  }
});

Deno.test("readNetworkFailure(): a port that the platform does not allow", async () => {
  const failure = await failureOf("http://127.0.0.1:1/f");
  assertEquals([failure.fault, failure.permanent], ["port", true]);
  assertMatch(networkProblem(failure, ""), /Requests to port 1 are blocked/);
});

Deno.test("readNetworkFailure(): TLS to a server without it", async () => {
  await withServer(says(OK + EMPTY + "\r\n"), async (port) => {
    const plain = await failureOf(`https://127.0.0.1:${port}/f`);
    assertEquals([plain.fault, plain.permanent], ["plain", true]);
  });
  await withServer(says(""), async (port) => {
    const ended = await failureOf(`https://127.0.0.1:${port}/f`);
    assertEquals([ended.fault, ended.permanent], ["tls", false]);
  });
  // A fatal alert: handshake_failure (RFC 8446 section 6).
  await withServer(says(Uint8Array.of(21, 3, 3, 0, 2, 2, 40)), async (port) => {
    const alert = await failureOf(`https://127.0.0.1:${port}/f`);
    assertEquals([alert.fault, alert.permanent], ["tls", true]);
    assertMatch(networkProblem(alert, ""), /TLS handshake failed: the server said Handshake/);
  });
});

/** Calls `work` with the port of a TLS server that has a certificate, and accepts no client. */
async function withTls(
  certificate: { readonly certPem: string; readonly keyPem: string },
  work: (port: number) => Promise<void>,
  serve: (socket: TLSSocket) => void = () => {},
): Promise<void> {
  const server = createTlsServer(
    { cert: certificate.certPem, key: certificate.keyPem },
    (socket) => {
      socket.on("error", () => {});
      serve(socket);
    },
  );
  server.on("tlsClientError", () => {});
  await listening(server);
  try {
    await work((server.address() as { port: number }).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

Deno.test("readNetworkFailure(): a TLS server that closes, with and without saying so", async () => {
  const certificate = await testCertificates();
  for (const end of ["end", "destroy"] as const) {
    await withTls(certificate, async (port) => {
      const client = Deno.createHttpClient({ caCerts: [certificate.caPem] });
      const failure = await failureOf(`https://127.0.0.1:${port}/f`, client);
      assertEquals([failure.fault, failure.permanent], ["empty", false], failure.words);
    }, (socket) => socket.once("data", () => socket[end]()));
  }
});

Deno.test("readNetworkFailure(): an HTTP/2 server that resets the stream", async () => {
  const { caPem } = await testCertificates();
  await using server = await startHttp2Server({ serve: () => ({ end: "rst" }) });
  const client = Deno.createHttpClient({ caCerts: [caPem] });
  const failure = await failureOf(`${server.origin}/f`, client);
  assertEquals([failure.fault, failure.permanent], ["reset", false], failure.words);
});

const FLAWS: [flaw: CertificateFlaw, fault: NetworkFault, problem: RegExp][] = [
  ["expired", "certificate", /is not accepted: it has expired/],
  ["name", "certificate", /is not accepted: not valid for name "127.0.0.1"; .* for other.test$/],
  ["authority", "caCertificate", /the certificate of an authority \(CA\), used as the server's/],
];

for (const [flaw, fault, problem] of FLAWS) {
  Deno.test(`readNetworkFailure(): a certificate that is refused: ${flaw}`, async () => {
    const certificate = await flawedCertificates(flaw);
    await withTls(certificate, async (port) => {
      const client = Deno.createHttpClient({ caCerts: [certificate.caPem] });
      const failure = await failureOf(`https://127.0.0.1:${port}/f`, client);
      assertEquals([failure.fault, failure.permanent], [fault, true], failure.words);
      assertMatch(networkProblem(failure, ""), problem);
    });
  });
}

Deno.test("readNetworkFailure(): a certificate of an unknown authority", async () => {
  await withTls(await testCertificates(), async (port) => {
    const failure = await failureOf(`https://127.0.0.1:${port}/f`);
    assertEquals([failure.fault, failure.permanent], ["certificate", true]);
    assertMatch(networkProblem(failure, ""), /signed by an unknown authority/);
  });
});

/** Calls `work` with the port of `openssl s_server`. */
async function withOpenssl(
  args: readonly string[],
  work: (port: number, caPem: string) => Promise<void>,
): Promise<void> {
  const { caPem, certPem, keyPem } = await testCertificates();
  using place = workplace();
  const [cert, key] = [place.write("cert.pem", certPem), place.write("key.pem", keyPem)];
  const server = new Deno.Command(programPath("openssl"), {
    args: ["s_server", "-accept", "127.0.0.1:0", "-www", "-cert", cert, "-key", key, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let said = "";
    let port: string | undefined;
    while (port === undefined) {
      const { done, value } = await output.read();
      if (done) throw new Error(`openssl ended: ${said}`);
      said += value;
      port = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
    }
    await work(Number(port), caPem);
  } finally {
    sendSignal(server, "SIGKILL");
    await Promise.all([output.cancel(), server.status]);
  }
}

testWith(["openssl"], "readNetworkFailure(): a server without HTTP/2", async () => {
  await withOpenssl(["-alpn", "http/1.1"], async (port, caPem) => {
    const client = Deno.createHttpClient({ caCerts: [caPem], http1: false, http2: true });
    const failure = await failureOf(`https://127.0.0.1:${port}/f`, client);
    assertEquals([failure.fault, failure.permanent], ["http2", true], failure.words);
    assertEquals(networkProblem(failure, ""), "the server does not offer HTTP/2");
  });
});

testWith(["openssl"], "readNetworkFailure(): a server that requires a certificate", async () => {
  await withOpenssl(["-Verify", "1"], async (port, caPem) => {
    const client = Deno.createHttpClient({ caCerts: [caPem] });
    const failure = await failureOf(`https://127.0.0.1:${port}/f`, client);
    assertEquals([failure.fault, failure.permanent], ["clientCertificate", true], failure.words);
  });
});

Deno.test("readNetworkFailure() reads the codes of Node.js, and keeps words that it does not know", () => {
  const refused = Object.assign(new Error("connect failed"), { code: "ECONNREFUSED" });
  assertEquals(readNetworkFailure(refused).fault, "refused");
  const busy = Object.assign(new Error("lookup failed"), { code: "EAI_AGAIN" });
  assertEquals([readNetworkFailure(busy).fault, readNetworkFailure(busy).permanent], [
    "host",
    false,
  ]);
  const odd = readNetworkFailure(new TypeError("fetch failed", { cause: new Error("odd") }));
  assertEquals([odd.fault, odd.words, odd.permanent], [undefined, "odd", false]);
  assertEquals(
    networkProblem(odd, " through the proxy p"),
    "connection failed through the proxy p: odd",
  );
});
