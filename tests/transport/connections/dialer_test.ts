import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { LookupAddress } from "node:dns";
import { createServer, type Socket } from "node:net";
import { type ConnectOptions, ConnectRules } from "../../../lib/http/address/connect_rules.ts";
import { Dialer, inTurn } from "../../../lib/transport/connections/dialer.ts";
import { startDeaf } from "../../support/lab/deaf.ts";

/** A server that says from where, and to which of its addresses, a client has connected. */
async function startEcho(host = "127.0.0.1", port = 0) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.end(`${socket.remoteAddress} ${socket.localAddress}`);
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return {
    port: (server.address() as { port: number }).port,
    count: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const NEVER = new AbortController().signal;

function dialer(options: ConnectOptions, names: Readonly<Record<string, readonly string[]>> = {}) {
  const asked: string[] = [];
  const lookup = (host: string, family: number) => {
    asked.push(`${host} ${family}`);
    const found = names[host];
    if (found === undefined) {
      return Promise.reject(Object.assign(new Error("unknown"), { code: "ENOTFOUND" }));
    }
    const all = found.map((address): LookupAddress => ({
      address,
      family: address.includes(":") ? 6 : 4,
    }));
    return Promise.resolve(all);
  };
  return { dialer: new Dialer({ rules: new ConnectRules(options), lookup }), asked };
}

async function said(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += new TextDecoder().decode(chunk);
  return text;
}

Deno.test("Dialer connects to the addresses that a rule gives, without a lookup", async () => {
  await using server = await startEcho();
  const { dialer: one, asked } = dialer({ resolve: { [`x.example:${server.port}`]: "127.0.0.1" } });
  const socket = await one.dial("x.example", server.port, NEVER);
  assertEquals(await said(socket), "127.0.0.1 127.0.0.1");
  assertEquals(asked, []);
});

Deno.test("Dialer looks up a name, by family if there is one, and never an address", async () => {
  await using server = await startEcho();
  const { port } = server;
  const names = { "x.example": ["::1", "127.0.0.1"] };
  const any = dialer({}, names);
  assertEquals(await said(await any.dialer.dial("x.example", port, NEVER)), "127.0.0.1 127.0.0.1");
  assertEquals(any.asked, ["x.example 0"]);
  const four = dialer({ family: 4 }, names);
  assertEquals(await said(await four.dialer.dial("x.example", port, NEVER)), "127.0.0.1 127.0.0.1");
  assertEquals(four.asked, ["x.example 4"]);
  await assertRejects(() => four.dialer.dial("::1", port, NEVER), Error, "has no IPv4 address");
  const six = dialer({ family: 6 }, { "x.example": ["127.0.0.1"] });
  await assertRejects(
    () => six.dialer.dial("x.example", port, NEVER),
    Error,
    "has no IPv6 address",
  );
  assertEquals(six.asked, ["x.example 6"]);
});

Deno.test("Dialer knows localhost by both families, whatever the list of hosts has", async () => {
  await using server = await startEcho();
  const one = new Dialer({ rules: new ConnectRules({ family: 4 }) });
  const socket = await one.dial("localhost", server.port, NEVER);
  assertEquals(await said(socket), "127.0.0.1 127.0.0.1");
});

Deno.test("Dialer goes on to the next address when one refuses, and reports the first error", async () => {
  await using server = await startEcho("127.0.0.3");
  const { port } = server;
  const names = {
    "x.example": ["127.0.0.1", "127.0.0.2", "127.0.0.3"],
    "y.example": ["127.0.0.1"],
  };
  const { dialer: one } = dialer({}, names);
  assertEquals(await said(await one.dial("x.example", port, NEVER)), "127.0.0.1 127.0.0.3");
  const error = await assertRejects(() => one.dial("y.example", port, NEVER), Error);
  assertEquals((error as Error & { code?: string }).code, "ECONNREFUSED");
  assertStringIncludes(error.message, "127.0.0.1");
});

Deno.test("Dialer does not wait for an address that is dead", async () => {
  await using server = await startEcho("127.0.0.7");
  await using _deaf = await startDeaf("127.0.0.6", server.port);
  const { dialer: one } = dialer({}, { "x.example": ["127.0.0.6", "127.0.0.7"] });
  const socket = await one.dial("x.example", server.port, NEVER);
  assertEquals(await said(socket), "127.0.0.1 127.0.0.7");
});

Deno.test("Dialer rejects with the reason of the signal, before and while it connects", async () => {
  const port = 47;
  const { dialer: one } = dialer({}, { "x.example": ["127.0.0.1"] });
  const stop = new Error("enough");
  await assertRejects(() => one.dial("x.example", port, AbortSignal.abort(stop)), Error, "enough");
  await using server = await startEcho("127.0.0.8");
  await using _deaf = await startDeaf("127.0.0.9", server.port);
  const controller = new AbortController();
  const rules = { resolve: { [`*:${server.port}`]: "127.0.0.9" } };
  const pending = dialer(rules).dialer.dial("x.example", server.port, controller.signal);
  setTimeout(() => controller.abort(stop), 20);
  await assertRejects(() => pending, Error, "enough");
});

Deno.test("Dialer: no connection comes of one that is given up, at whatever step that is", async () => {
  await using server = await startEcho("127.0.0.8");
  for (let step = 0; step < 12; step++) {
    const controller = new AbortController();
    const pending = dialer({}).dialer.dial("127.0.0.8", server.port, controller.signal);
    for (let done = 0; done < step; done++) await undefined;
    controller.abort(new Error("enough"));
    await assertRejects(() => pending, Error, "enough", `step ${step}`);
  }
});

Deno.test("Dialer connects from the local address", async () => {
  await using server = await startEcho();
  const { dialer: one } = dialer({ localAddress: "127.0.0.5" });
  const socket = await one.dial("127.0.0.1", server.port, NEVER);
  assertEquals(await said(socket), "127.0.0.5 127.0.0.1");
  await assertRejects(() => one.dial("::1", server.port, NEVER), Error, "::1 has no IPv4 address");
  const { dialer: other, asked } = dialer({ localAddress: "::1" }, { "x.example": ["127.0.0.1"] });
  await assertRejects(() => other.dial("x.example", server.port, NEVER), Error, "no IPv6 address");
  assertEquals(asked, ["x.example 6"]);
});

Deno.test("inTurn() takes the families in turn, that of the first address first", () => {
  assertEquals(inTurn(["127.0.0.1", "127.0.0.2", "127.0.0.3", "::1", "::2"]), [
    ...["127.0.0.1", "::1", "127.0.0.2", "::2", "127.0.0.3"],
  ]);
  assertEquals(inTurn(["::1", "127.0.0.1", "127.0.0.2"]), ["::1", "127.0.0.1", "127.0.0.2"]);
  assertEquals(inTurn(["::1"]), ["::1"]);
});
