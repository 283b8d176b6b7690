import { assert, assertEquals, assertRejects } from "@std/assert";
import { resolveOptions } from "../../../lib/engine/options/resolve_options.ts";
import { MirrorClients } from "../../../lib/transport/connections/mirror_clients.ts";

/** Servers by one port, which answer with their address and the Host that was requested. */
function startServers(...addresses: string[]) {
  let port = 0;
  const servers = addresses.map((hostname) => {
    const server = Deno.serve(
      { hostname, port, onListen() {} },
      ({ headers }) => new Response(`${hostname} ${headers.get("host")}`),
    );
    port = server.addr.port;
    return server;
  });
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => server.shutdown()));
    },
  };
}

/** Clients of mirrors of one.example at these addresses. */
function clientsAt(port: number, ...addresses: (readonly string[])[]): MirrorClients {
  return clientsOf(`http://one.example:${port}/`, addresses);
}

/** Clients of mirrors with this URL at these addresses. */
function clientsOf(url: string, addresses: readonly (readonly string[])[]): MirrorClients {
  const mirrors = addresses.map((addresses) => ({ url, authorization: undefined, addresses }));
  return new MirrorClients(mirrors, resolveOptions([url]));
}

async function request(clients: MirrorClients, mirror: number, url: string): Promise<string> {
  const { signal } = new AbortController();
  await clients.of(mirror).prepare(new URL(url));
  const response = await clients.of(mirror).fetch(new URL(url), { signal }, fetch);
  return await response.text();
}

Deno.test("MirrorClients: each mirror is connected to at its addresses, of either family", async () => {
  await using servers = startServers("127.0.0.1", "127.0.0.2", "::1");
  const { port } = servers;
  // The last one does not accept connections at its first address.
  const at = [["127.0.0.1"], ["127.0.0.2"], ["::1"], ["127.0.0.3", "::1"]];
  const clients = clientsAt(port, ...at);
  try {
    const url = `http://one.example:${port}/`;
    const host = `one.example:${port}`;
    for (const [mirror, address] of ["127.0.0.1", "127.0.0.2", "::1", "::1"].entries()) {
      assertEquals(await request(clients, mirror, url), `${address} ${host}`);
    }
    // Other hosts, such as those that redirects lead to, are connected to as usual.
    assertEquals(
      await request(clients, 2, `http://127.0.0.2:${port}/`),
      `127.0.0.2 127.0.0.2:${port}`,
    );
    clients.renew();
    assertEquals(await request(clients, 1, url), `127.0.0.2 ${host}`);
  } finally {
    await clients.close();
  }
});

Deno.test("MirrorClients: hosts without a proxy are connected to at the address, too", async () => {
  await using servers = startServers("127.0.0.1");
  const { port } = servers;
  // All tests share the environment: no other one has this host.
  const host = "excepted.example";
  const before = Deno.env.get("NO_PROXY");
  Deno.env.set("NO_PROXY", host);
  const url = `http://${host}:${port}/`;
  const clients = clientsOf(url, [["127.0.0.1"]]);
  try {
    assertEquals(await request(clients, 0, url), `127.0.0.1 ${host}:${port}`);
  } finally {
    await clients.close();
    if (before === undefined) Deno.env.delete("NO_PROXY");
    else Deno.env.set("NO_PROXY", before);
  }
});

Deno.test("MirrorClients: mirrors without addresses share their clients", async () => {
  const url = "http://one.example/";
  const mirrors = [url, url].map((url) => ({ url, authorization: undefined }));
  const clients = new MirrorClients(mirrors, resolveOptions([url]));
  assert(clients.of(0) === clients.of(1));
  await clients.close();
});

Deno.test("MirrorClients: an address that accepts no connection fails like any other", async () => {
  await using servers = startServers("127.0.0.1");
  const clients = clientsAt(servers.port, ["127.0.0.9"]);
  try {
    const url = `http://one.example:${servers.port}/`;
    const error = await assertRejects(() => request(clients, 0, url), TypeError);
    assert(String(error.cause).includes("Connection refused"));
    assertEquals(
      clients.of(0).targetText(new URL(url)),
      ` (connecting to 127.0.0.9 port ${servers.port})`,
    );
  } finally {
    await clients.close();
  }
});
