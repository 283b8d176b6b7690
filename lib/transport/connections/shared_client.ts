/**
 * The HTTP client that speaks HTTP/1.1 only and is otherwise the platform's default one, which takes
 * HTTP/2 wherever a server offers it over TLS. Like that, it is shared by all downloads, so that later ones
 * find connections that are open. It is closed when nothing holds it any more.
 *
 * @module
 */

export class SharedClient {
  #client: Deno.HttpClient | undefined;
  #holders = 0;

  /** Keeps the client and its connections until what is returned is disposed. */
  hold(): Disposable {
    this.#holders++;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        if (--this.#holders > 0) return;
        this.#client?.close();
        this.#client = undefined;
      },
    };
  }

  /** Lets later requests have new connections; those that are under way go on. */
  renew(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  /** The client; only for those who hold it. */
  get client(): Deno.HttpClient {
    return this.#client ??= Deno.createHttpClient({ http1: true, http2: false });
  }
}

/** That of this process. */
export const sharedClient: SharedClient = new SharedClient();

/**
 * Keeps connections to `https:` servers open between downloads until what it returns is disposed. Without
 * it, they are closed when no download uses them any more. It concerns downloads without options that need
 * connections of their own: certificates, proxies, or rules for connections.
 *
 * @example
 * ```ts
 * import { Downloader, keepConnections } from "@x/sphttp";
 *
 * async function downloadAll(files: string[][]): Promise<Uint8Array[][]> {
 *   using _connections = keepConnections();
 *   const contents = [];
 *   for (const urls of files) contents.push(await Array.fromAsync(new Downloader(urls)));
 *   return contents;
 * }
 * ```
 */
export function keepConnections(): Disposable {
  return sharedClient.hold();
}
