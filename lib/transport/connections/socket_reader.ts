/**
 * Reads the beginning of a connection piece by piece, before the bytes behind it go on to others: the
 * answers of a proxy, or the requests of a SOCKS client. Never holds much more than it may.
 *
 * @module
 */

import type { Socket } from "./dialer.ts";
import { deferred } from "../../stand_ins.ts";

export class SocketReader {
  readonly #socket: Socket;
  readonly #maxBytes: number;
  #pending = new Uint8Array();
  #failure: Error | undefined;
  #wake = () => {};

  /** Starts reading; what is requested at once may have `maxBytes`. */
  constructor(socket: Socket, maxBytes: number) {
    this.#socket = socket;
    this.#maxBytes = maxBytes;
    socket.on("data", this.#onData);
    socket.on("error", this.#onError);
    socket.on("close", this.#onEnd);
    socket.on("end", this.#onEnd);
  }

  readonly #onData = (data: Uint8Array): void => {
    const joined = new Uint8Array(this.#pending.byteLength + data.byteLength);
    joined.set(this.#pending);
    joined.set(data, this.#pending.byteLength);
    this.#pending = joined;
    if (joined.byteLength > this.#maxBytes) this.#socket.pause();
    this.#wake();
  };

  readonly #onError = (error: Error): void => {
    this.#failure ??= error;
    this.#wake();
  };

  // The words are those of the platform's client.
  readonly #onEnd = (): void =>
    this.#onError(new Error("connection closed before message completed"));

  /** Returns the next bytes. */
  async bytes(length: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#pending.byteLength < length) await this.#more();
    return this.#take(length);
  }

  /** Returns the text up to `end`, which is skipped. Both are ASCII. */
  async textUntil(end: string): Promise<string> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#pending);
      const length = text.indexOf(end);
      if (length >= 0) {
        this.#take(length + end.length);
        return text.slice(0, length);
      }
      await this.#more();
    }
  }

  /** Leaves the connection to others, paused, with the bytes that were not read. */
  release(): void {
    this.#socket.pause();
    this.#socket.off("data", this.#onData);
    this.#socket.off("error", this.#onError);
    this.#socket.off("close", this.#onEnd);
    this.#socket.off("end", this.#onEnd);
    if (this.#pending.byteLength > 0) this.#socket.unshift(this.#pending);
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#pending.slice(0, length);
    this.#pending = this.#pending.slice(length);
    return bytes;
  }

  async #more(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#pending.byteLength > this.#maxBytes) {
      throw new Error(`unsuccessful tunnel: more than ${this.#maxBytes} bytes came before it`);
    }
    const { promise, resolve } = deferred();
    this.#wake = resolve;
    this.#socket.resume();
    await promise;
  }
}
