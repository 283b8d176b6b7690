import { assert, assertEquals } from "@std/assert";
import type { LookupAddress } from "node:dns";
import type { DownloaderOptions } from "../../../mod.ts";
import { withEachAddress } from "../../../lib/engine/options/each_address.ts";
import { resolveOptions } from "../../../lib/engine/options/resolve_options.ts";

const NAMES: Readonly<Record<string, readonly string[]>> = {
  "one.example": ["192.0.2.1"],
  "two.example": ["192.0.2.1", "192.0.2.2"],
  "six.example": ["::1", "::2", "::3", "::4", "::5", "::6"],
  "both.example": ["::1", "192.0.2.1", "::2", "192.0.2.2"],
};

/** Looks names up in the table. */
function lookup(host: string, family: 0 | 4 | 6): Promise<LookupAddress[]> {
  const found = (NAMES[host] ?? []).map((address): LookupAddress => ({
    address,
    family: address.includes(":") ? 6 : 4,
  }));
  const fitting = found.filter((one) => family === 0 || one.family === family);
  if (fitting.length > 0) return Promise.resolve(fitting);
  return Promise.reject(new Error(`getaddrinfo ENOTFOUND ${host}`));
}

function expand(urls: readonly string[], options: DownloaderOptions = {}) {
  const resolved = resolveOptions(urls, { eachAddress: true, proxy: false, ...options });
  const { signal } = new AbortController();
  return withEachAddress(resolved, { signal, lookup });
}

Deno.test("each address of a name is a mirror, in the order of the URLs", async () => {
  const urls = ["http://two.example/f", "http://u:p@one.example/f", "http://six.example:81/f"];
  const { mirrors } = await expand(urls);
  assertEquals(mirrors.map(({ url, addresses }) => [url, addresses]), [
    ["http://two.example/f#192.0.2.1", ["192.0.2.1"]],
    ["http://two.example/f#192.0.2.2", ["192.0.2.2"]],
    ["http://one.example/f", undefined],
    ["http://six.example:81/f#::1", ["::1"]],
    ["http://six.example:81/f#::2", ["::2"]],
    ["http://six.example:81/f#::3", ["::3"]],
    ["http://six.example:81/f#::4", ["::4"]],
  ]);
  assertEquals(mirrors[2]!.authorization, "Basic dTpw");
});

Deno.test("names with one address, addresses, and names that are not found stay as they are", async () => {
  const urls = [
    "http://one.example/f",
    "http://127.0.0.1/f",
    "http://[::1]/f",
    "http://no.example/f",
  ];
  const options = resolveOptions(urls, { eachAddress: true, proxy: false });
  const { signal } = new AbortController();
  assert(await withEachAddress(options, { signal, lookup }) === options);
});

Deno.test("the addresses of a name share its connections, and there are no more of them", async () => {
  const shares = async (maxConnectionsPerMirror: number | "auto" | undefined) =>
    (await expand(["http://six.example/f"], { maxConnectionsPerMirror })).connections;
  assertEquals(await shares(undefined), [2, 2, 2, 2]);
  assertEquals(await shares("auto"), [4, 4, 4, 4]);
  assertEquals(await shares(6), [2, 2, 1, 1]);
  assertEquals(await shares(3), [1, 1, 1]);
  assertEquals(await shares(2), [1, 1]);
  // One connection is to one address.
  assertEquals(await shares(1), undefined);
});

Deno.test("rules for connections say which addresses a name has", async () => {
  const url = "http://both.example/f";
  const addresses = async (connect: DownloaderOptions["connect"]) =>
    (await expand([url], { connect })).mirrors.map((mirror) => mirror.addresses);
  assertEquals(await addresses({}), [["::1", "192.0.2.1"], ["::2", "192.0.2.2"]]);
  assertEquals(await addresses({ family: 4 }), [["192.0.2.1"], ["192.0.2.2"]]);
  assertEquals(await addresses({ localAddress: "::1" }), [["::1"], ["::2"]]);
  const resolve = { "both.example:80": ["192.0.2.7", "192.0.2.8"] };
  assertEquals(await addresses({ resolve }), [["192.0.2.7"], ["192.0.2.8"]]);
  assertEquals(await addresses({ connectTo: { "both.example:80": "two.example:" } }), [
    ["192.0.2.1"],
    ["192.0.2.2"],
  ]);
  assertEquals(await addresses({ connectTo: { "both.example:80": "127.0.0.1:" } }), [undefined]);
});

Deno.test("each address has what was given for its URL", async () => {
  const url = "http://two.example/f";
  const validators = { etag: '"a"', lastModified: undefined, strong: '"a"' };
  const known = (...urls: string[]) => ({
    info: { size: 9, contentType: "", etag: '"a"', lastModified: "", mirrors: urls },
    digest: undefined,
    digestStart: 0,
    mirrors: urls.map((url) => ({ url, location: undefined, validators })),
  });
  const knownFile = known(`${url}#192.0.2.2`);
  const { policySettings: { staticDelays }, knownFile: kept } = await expand([url], {
    ...{ delayRequest: "static", staticDelays: { [url]: 3 }, knownFile },
  });
  assertEquals([...staticDelays], [[`${url}#192.0.2.1`, 3], [`${url}#192.0.2.2`, 3]]);
  assertEquals(kept?.mirrors.map((mirror) => mirror.url), [`${url}#192.0.2.2`]);
  // What is known of whichever address has answered proves nothing of one of them.
  assertEquals((await expand([url], { knownFile: known(url) })).knownFile, undefined);
});

Deno.test("lookups that take long are not waited for after the signal", async () => {
  const options = resolveOptions(["http://slow.example/f"], { eachAddress: true, proxy: false });
  const controller = new AbortController();
  const never = () => {
    queueMicrotask(() => controller.abort());
    return new Promise<never>(() => {});
  };
  const { signal } = controller;
  assert(await withEachAddress(options, { signal, lookup: never }) === options);
});

Deno.test({
  name: "where the environment may have a proxy, nothing is looked up",
  // It may have one where it may not be read. All tests share it: one that they set would be that of others.
  permissions: { env: false },
  fn: async () => {
    const { mirrors, notes } = await expand(["http://two.example/f"], { proxy: undefined });
    assertEquals([mirrors.length, notes.length], [1, 1]);
    assertEquals((await expand(["http://two.example/f"])).mirrors.length, 2);
  },
});
