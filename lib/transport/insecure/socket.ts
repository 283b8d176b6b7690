/**
 * A TLS connection that accepts any certificate, and can be held up. Deno's `node:tls` (2.9) reads on
 * while its socket is paused, and keeps what it reads in memory; so the bytes below TLS are held up
 * instead.
 *
 * @module
 */

import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import { deferred } from "../../stand_ins.ts";

export interface SecureOptions {
  /** The name for SNI; `undefined` for an IP address. */
  readonly servername: string | undefined;
  /** A certificate of the client, in PEM, and its private key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Opens TLS on a connection. Takes the connection over: it is closed if the handshake fails. */
export async function openInsecureTls(
  socket: Socket,
  options: SecureOptions,
): Promise<TLSSocket> {
  const below = new Valve(socket);
  const { promise, resolve, reject } = deferred<TLSSocket>();
  const secure = connect({
    ...{ ...options, socket: below, ALPNProtocols: ["http/1.1"], rejectUnauthorized: false },
  });
  VALVES.set(secure, below);
  secure.once("secureConnect", () => resolve(secure));
  // The listener stays: an error of an unused connection must not end the process.
  secure.on("error", reject);
  secure.once("close", () => reject(new Error("tls handshake eof")));
  try {
    return await promise;
  } catch (error) {
    below.destroy();
    // No other version was asked for.
    const refusesHttp1 = error instanceof Error && /NoApplicationProtocol/.test(error.message);
    throw refusesHttp1 ? new Error("HTTP/1.1 is not offered") : error;
  }
}

/** Stops or continues reading from a connection of {@linkcode openInsecureTls}. */
export function setFlow(socket: Socket, flows: boolean): void {
  VALVES.get(socket)?.set(flows);
}

const VALVES = new WeakMap<Socket, Valve>();

/** The bytes below TLS. */
class Valve extends Duplex {
  readonly #socket: Socket;
  #flows = true;
  #ended = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on("data", (chunk: Uint8Array) => {
      this.push(chunk);
      if (!this.#flows) socket.pause();
    });
    socket.on("end", () => {
      this.#ended = true;
      this.push(null);
    });
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => {
      if (!this.#ended) this.destroy();
    });
  }

  set(flows: boolean): void {
    this.#flows = flows;
    if (flows) this.#socket.resume();
  }

  override _read(): void {
    if (this.#flows) this.#socket.resume();
  }

  override _write(
    chunk: Uint8Array,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
