/**
 * TLS before a mirror: relays connections to its port, and ends them as it does.
 *
 * @module
 */

import { testCertificates } from "./certificates.ts";
import type { LabMirror } from "./mirror_lab.ts";

/** A listener with the certificate of {@linkcode testCertificates}. */
export class TlsFront implements AsyncDisposable {
  /** The URL of the mirror's file. */
  readonly url: string;
  readonly #listener: Deno.TlsListener;
  readonly #relays = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;

  private constructor(mirror: LabMirror, { certPem: cert, keyPem: key }: PemPair) {
    this.#listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
    const url = new URL(mirror.url);
    this.url = `https://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}${url.pathname}`;
    this.#accepting = this.#accept(mirror.port);
  }

  /** Starts to listen. */
  static async start(mirror: LabMirror): Promise<TlsFront> {
    return new TlsFront(mirror, await testCertificates());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    await Promise.all(this.#relays);
  }

  async #accept(port: number): Promise<void> {
    for await (const client of this.#listener) {
      const relay = relayed(client, port);
      this.#relays.add(relay);
      void relay.then(() => this.#relays.delete(relay));
    }
  }
}

type PemPair = Pick<Awaited<ReturnType<typeof testCertificates>>, "certPem" | "keyPem">;

/** Passes on what both sides send, until one of them ends. */
async function relayed(client: Deno.TlsConn, port: number): Promise<void> {
  const server = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
  if (server === undefined) return client.close();
  const sides = [
    server.readable.pipeTo(client.writable),
    client.readable.pipeTo(server.writable),
  ].map((side) => side.catch(() => {}));
  await Promise.race(sides);
  for (const side of [client, server]) {
    try {
      side.close();
    } catch {
      // The pipe has closed it.
    }
  }
  await Promise.all(sides);
}
