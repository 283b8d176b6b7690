/**
 * Writes responses to a connection, in the form of HTTP/1.1. An incomplete body never ends like a complete
 * one. Follows RFC 9112 sections 4, 6 and 7.1, and RFC 9110 section 6.4.1.
 *
 * @module
 */

import { STATUS_TEXT } from "@std/http/status";
import { type PartSource, takeParts } from "../answer/body/part_source.ts";
import type { RequestHead } from "./request_head.ts";

/** What is written to. */
export interface Writable {
  write(bytes: Uint8Array): Promise<number>;
}

/** The facts of a request that its response depends on. */
export type Asked = Pick<RequestHead, "method" | "minor">;

/** Fields of the connection, which are this module's. */
const CONNECTION_FIELDS = ["connection", "keep-alive", "transfer-encoding", "upgrade"];
/** A body of one part of at most this many bytes is sent with the head. */
const SMALL = 16 * 1024;
const LAST_CHUNK = new TextEncoder().encode("0\r\n\r\n");
const LINE_END = new TextEncoder().encode("\r\n");

/** How the end of a body is marked. */
type Ending = { readonly type: "none" | "chunked" | "close" } | {
  readonly type: "length";
  readonly bytes: number;
};

/** A response that is written once, to one connection. */
export class ResponseWriter {
  readonly #connection: Writable;
  readonly #response: Response;
  readonly #ending: Ending;
  readonly #asked: Asked;
  readonly #onBreak: () => void;
  #parts: PartSource | undefined;

  /** @param onBreak called when the body fails, also while its client takes nothing */
  constructor(connection: Writable, response: Response, asked: Asked, onBreak: () => void) {
    this.#connection = connection;
    this.#response = response;
    this.#asked = asked;
    this.#onBreak = onBreak;
    this.#ending = endingOf(response, asked);
  }

  /** Whether another response can follow this one over the same connection. */
  get mayContinue(): boolean {
    return this.#ending.type !== "close" && this.#response.headers.get("connection") !== "close";
  }

  /** Stops reading the body, as the client has gone. */
  cancel(): void {
    void (this.#parts ?? this.#response.body)?.cancel().catch(() => {});
  }

  /**
   * Writes the response; `continues`: another one may follow. Rejects if it cannot be completed: then the
   * connection must be closed.
   */
  async write(continues: boolean): Promise<void> {
    const { body } = this.#response;
    const head = headText(this.#response, this.#ending, this.#asked, continues);
    const bytes = latin1(head);
    if (this.#ending.type === "none" || body === null) {
      await body?.cancel().catch(() => {});
      return await this.#write(bytes);
    }
    const parts = this.#parts = takeParts(body);
    parts.onBreak = this.#onBreak;
    try {
      await this.#writeBody(parts, bytes);
    } catch (error) {
      // The end of the body tells its source that it was not taken.
      await parts.cancel().catch(() => {});
      throw error;
    }
  }

  async #writeBody(parts: PartSource, head: Uint8Array): Promise<void> {
    let rest = this.#ending.type === "length" ? this.#ending.bytes : Infinity;
    const isChunked = this.#ending.type === "chunked";
    if (rest > SMALL) {
      await this.#write(head);
      head = new Uint8Array(0);
    }
    for (let part = await parts.next(); part !== undefined; part = await parts.next()) {
      rest -= part.byteLength;
      if (rest < 0) throw new Error("the body is longer than its Content-Length");
      if (isChunked) await this.#write(chunk(part));
      else if (head.byteLength > 0) await this.#write(joined(head, part));
      else await this.#write(part);
      parts.release(part);
      head = head.subarray(head.byteLength);
    }
    if (rest > 0 && rest < Infinity) throw new Error("the body is shorter than its Content-Length");
    if (head.byteLength > 0) await this.#write(head);
    if (isChunked) await this.#write(LAST_CHUNK);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength;) {
      at += await this.#connection.write(at === 0 ? bytes : bytes.subarray(at));
    }
  }
}

function endingOf({ status, headers, body }: Response, { method, minor }: Asked): Ending {
  if (method === "HEAD" || status === 204 || status === 304) return { type: "none" };
  const length = headers.get("content-length");
  if (length !== null) return { type: "length", bytes: Number(length) };
  if (body === null) return { type: "length", bytes: 0 };
  return { type: minor > 0 ? "chunked" : "close" };
}

/** Returns the status line and the header of a response. */
function headText(
  { status, statusText, headers }: Response,
  ending: Ending,
  { minor }: Asked,
  continues: boolean,
): string {
  const reason = statusText || ((STATUS_TEXT as Record<number, string>)[status] ?? "");
  const lines = [`HTTP/1.1 ${status} ${reason}`];
  for (const [name, value] of headers) {
    if (!CONNECTION_FIELDS.includes(name)) lines.push(`${name}: ${value}`);
  }
  if (!headers.has("date")) lines.push(`date: ${new Date().toUTCString()}`);
  if (ending.type === "chunked") lines.push("transfer-encoding: chunked");
  if (ending.type === "length" && !headers.has("content-length")) {
    lines.push(`content-length: ${ending.bytes}`);
  }
  if (!continues) lines.push("connection: close");
  else if (minor === 0) lines.push("connection: keep-alive");
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Encodes characters of header fields, each of which is one byte. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function chunk(data: Uint8Array): Uint8Array {
  const size = new TextEncoder().encode(`${data.byteLength.toString(16)}\r\n`);
  return joined(size, data, LINE_END);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}
