/**
 * A proxy over mirrors of the lab, on real sockets.
 *
 * @module
 */

import { createHandler, type ProxyOptions } from "../../../server.ts";
import { QUICK, withMirrors } from "../download.ts";
import type { LabMirror, MirrorOptions } from "../lab/mirror_lab.ts";

/** Quick retries, and the default algorithm. */
export const DOWNLOAD: NonNullable<ProxyOptions["download"]> = {
  ...QUICK,
  delayRequest: undefined,
};

/** A request to the proxy. */
export interface Asked extends RequestInit {
  /** Added to the query, with its `&`. */
  readonly query?: string;
  /** The path. @default "/proxy" */
  readonly path?: string;
}

/** The running proxy and its mirrors. */
export interface ProxyScene {
  /** Requests the file on all mirrors. */
  get(asked?: Asked): Promise<Response>;
  readonly base: string;
  readonly urls: readonly string[];
  readonly mirrors: readonly LabMirror[];
}

/** Starts a proxy on a free port, in front of one mirror for each of `lab`. */
export async function withProxy(
  lab: readonly Partial<MirrorOptions>[],
  run: (scene: ProxyScene) => Promise<void>,
  options: ProxyOptions = {},
): Promise<void> {
  await withMirrors(lab, async (urls, mirrors) => {
    await withProxyOf(urls, ({ base, get }) => run({ get, base, urls, mirrors }), options);
  });
}

/** Starts a proxy on a free port; `get` requests the file at `urls`. */
export async function withProxyOf(
  urls: readonly string[],
  run: (scene: Pick<ProxyScene, "base" | "get">) => Promise<void>,
  options: ProxyOptions = {},
): Promise<void> {
  await using handler = createHandler({ allowPrivate: true, download: DOWNLOAD, ...options });
  // Tests check for failed bodies; the server must not print them.
  const onError = () => new Response(null, { status: 500 });
  const listen = { port: 0, hostname: "127.0.0.1", onListen() {}, onError };
  await using server = Deno.serve(listen, handler);
  const base = `http://127.0.0.1:${server.addr.port}`;
  const search = urls.map((url) => `url=${encodeURIComponent(url)}`).join("&");
  const get: ProxyScene["get"] = ({ path = "/proxy", query = "", ...init } = {}) =>
    fetch(`${base}${path}?${search}${query}`, init);
  await run({ base, get });
}

/** Returns the value of a metric of a proxy. */
export async function metric(base: string, name: string): Promise<number> {
  const text = await (await fetch(`${base}/metrics`)).text();
  return Number(text.split("\n").find((line) => line.startsWith(`${name} `))?.split(" ")[1]);
}
