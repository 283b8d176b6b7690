/**
 * The HTTP clients of each mirror: mirrors that are connected to at addresses of their own have clients of
 * their own, as the platform keeps connections by URL; all others share the usual ones.
 *
 * @module
 */

import { portOf } from "../../http/address/host.ts";
import type { MirrorSource } from "../../http/address/mirror_url.ts";
import { type HttpClientOptions, HttpClients } from "./http_clients.ts";

export class MirrorClients {
  readonly #options: HttpClientOptions;
  readonly #usual: HttpClients;
  readonly #clients: HttpClients[] = [];

  constructor(mirrors: readonly MirrorSource[], options: HttpClientOptions) {
    this.#options = options;
    this.#usual = new HttpClients(options);
    for (const mirror of mirrors) this.add(mirror);
  }

  /** Adds a mirror, whose number is the next one. */
  add({ url, addresses }: MirrorSource): void {
    const isPinned = addresses !== undefined;
    this.#clients.push(isPinned ? pinned(new URL(url), addresses, this.#options) : this.#usual);
  }

  /** Returns those of a mirror. */
  of(mirror: number): HttpClients {
    return this.#clients[mirror]!;
  }

  /** Sends later requests over new connections; those that are under way go on. */
  renew(): void {
    for (const clients of new Set(this.#clients)) clients.renew();
  }

  async close(): Promise<void> {
    await Promise.all([...new Set(this.#clients)].map((clients) => clients.close()));
  }
}

/** Returns clients whose connections to the host of `url` lead to these of its addresses. */
function pinned(
  url: URL,
  addresses: readonly string[],
  options: HttpClientOptions,
): HttpClients {
  const { host } = options.connect.target(url.hostname, portOf(url));
  return new HttpClients({ ...options, connect: options.connect.pinned(host, addresses) });
}
