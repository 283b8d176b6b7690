// What a user of the command sees of servers that do not answer, or not in HTTP.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { CommandError } from "../../../lib/command_line/command_error.ts";
import { failCommand } from "../../support/cli/run_command.ts";
import {
  type CertificateFlaw,
  flawedCertificates,
  testCertificates,
} from "../../support/lab/certificates.ts";

type Serve = (socket: Socket) => void;

/** Runs the command for a server on loopback that answers each connection by `serve`. */
async function failureWith(serve: Serve, scheme: string, ...args: string[]): Promise<CommandError> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    serve(socket);
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    const url = `${scheme}://user:secret@127.0.0.1:${port}/file`;
    return await failCommand(["-sS", "-o", "-", "--retry", "0", ...args, url]);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

function says(text: string): Serve {
  return (socket) => socket.once("data", () => socket.end(text));
}

const OK = "HTTP/1.1 200 OK\r\n";
const FIELDS = Array.from({ length: 150 }, (_, i) => `x-${i}: v\r\n`).join("");

/** Codes that curl 7.88 has, too, except for headers that only Deno refuses. */
const SERVERS: [name: string, scheme: string, serve: Serve, exitCode: number, message: string][] = [
  ["another protocol", "http", says("220 mail ready\r\n"), 1, "the response is not HTTP"],
  ["no response", "http", says(""), 52, "was closed without a response"],
  ["a reset", "http", (s) => s.once("data", () => s.resetAndDestroy()), 56, "was reset before"],
  ["a cut body", "http", says(`${OK}Content-Length: 9\r\n\r\nabc`), 18, "broke after 3 bytes"],
  ["150 fields", "http", says(`${OK}Content-Length: 0\r\n${FIELDS}\r\n`), 8, "has over 100 fields"],
  ["a folded field", "http", says(`${OK}X: a\r\n b\r\n\r\n`), 8, "folded over lines"],
  [
    "no TLS",
    "https",
    says(`${OK}Content-Length: 0\r\n\r\n`),
    35,
    "does not speak TLS on this port",
  ],
  ["no handshake", "https", says(""), 35, "the TLS handshake failed"],
];

for (const [name, scheme, serve, exitCode, message] of SERVERS) {
  Deno.test(`explain(): a server that answers with ${name}`, async () => {
    const error = await failureWith(serve, scheme);
    assertEquals(error.exitCode, exitCode, error.message);
    assertStringIncludes(error.message, message);
    assert(!error.message.includes("secret") && !error.message.includes("    at "), error.message);
  });
}

Deno.test("--http2 to a server without TLS uses HTTP/1.1, as curl does", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(null, { status: 404 }),
  );
  const url = `http://127.0.0.1:${server.addr.port}/file`;
  const args = ["-sS", "-o", "-", "--http2", url];
  const error = await failCommand(args);
  assertStringIncludes(error.message, "answered 404");
});

Deno.test("explain(): permanent failures are not retried", async () => {
  let connections = 0;
  const counted: Serve = (socket) => {
    connections++;
    socket.once("data", () => socket.end(`${OK}Content-Length: 0\r\n\r\n`));
  };
  await failureWith(counted, "https", "--retry", "9");
  assertEquals(connections, 1);
});

/** What is wrong with a server's certificate; or the only version of HTTP that it offers. */
type TlsFault = CertificateFlaw | "http/1.1" | "h2" | "other";

const TLS: [fault: TlsFault, args: string[], exitCode: number, says: string][] = [
  ["expired", [], 60, "it has expired, or is not valid yet\nif an authority of your own"],
  ["name", [], 60, 'not valid for name "127.0.0.1"; certificate is only valid for other.test'],
  [
    "authority",
    [],
    60,
    "the certificate of an authority (CA), used as the server's own\nDeno refuses",
  ],
  ["http/1.1", ["--http2"], 16, "the server does not offer HTTP/2\nleave out --http2"],
  ["h2", ["--http1.1"], 35, "the server does not offer HTTP/1.1\nleave out --http1.1"],
  ["h2", ["-k"], 35, "the server does not offer HTTP/1.1\nleave out --http1.1, and --insecure"],
  ["other", [], 35, "the TLS handshake failed: the server offers neither HTTP/1.1 nor HTTP/2"],
];

Deno.test("explain(): what is wrong with a server's TLS, and what to do", async () => {
  const file = await Deno.makeTempFile();
  try {
    for (const [fault, args, exitCode, says] of TLS) {
      const isOffer = fault === "http/1.1" || fault === "h2" || fault === "other";
      const { caPem, certPem: cert, keyPem: key } =
        await (isOffer ? testCertificates() : flawedCertificates(fault));
      await Deno.writeTextFile(file, caPem);
      const server = createTlsServer({ cert, key, ALPNProtocols: [isOffer ? fault : "http/1.1"] });
      server.on("tlsClientError", () => {});
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as { port: number };
      const url = `https://127.0.0.1:${port}/file`;
      try {
        const error = await failCommand(["-sS", "-o", "-", "--cacert", file, ...args, url]);
        assertEquals(error.exitCode, exitCode, error.message);
        assertStringIncludes(error.message, says);
      } finally {
        await new Promise((resolve) => server.close(resolve));
      }
    }
  } finally {
    await Deno.remove(file);
  }
});
