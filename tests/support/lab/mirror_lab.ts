/**
 * A mirror for tests: an HTTP/1.1 server on loopback with a shaped link, an emulated round trip, and faults. It uses
 * `node:net`, which can reset a connection (RST). `answer.ts` decides on responses, `link.ts` on their rate, and
 * `mirror_connection.ts` handles a connection.
 *
 * @module
 */

import { createServer, type Server, type Socket } from "node:net";
import { type Answer, askedRange, fileAnswer, plainAnswer, type Resource } from "./answer.ts";
import type { Content } from "./content.ts";
import { type Fault, FaultPlan } from "./faults.ts";
import type { RequestHead } from "./http_wire.ts";
import { Link, QUANTUM_MS } from "./link.ts";
import {
  Connection,
  type Decision,
  type MutableRecord,
  type RequestRecord,
  type Site,
} from "./mirror_connection.ts";

export type { RequestRecord } from "./mirror_connection.ts";
export type { Fault, FaultWhen, WrongRange } from "./faults.ts";

const DEFAULT_PATH = "/file.bin";
/** Prefix of the path of `url` if it redirects to the file. */
const REDIRECT_PREFIX = "/moved";

/** Options of {@linkcode startMirror}. */
export interface MirrorOptions {
  /** The file. */
  content: Content;
  /** Path of the file. @default "/file.bin" */
  path?: string;
  /** Rate shared by all responses; 0 is silence. @default full speed */
  bytesPerSecond?: number | undefined;
  /** Bytes of responses that it sends, with their heads, before it is silent until its rate is set. @default no limit */
  silentAfter?: number;
  /** Called at the first request. */
  onFirstRequest?: () => void;
  /** Time of one turn of a response on the link, in milliseconds. @default {@linkcode QUANTUM_MS} */
  quantumMs?: number;
  /** Later rates, in seconds since the first request. @default none */
  ratesAt?: readonly (readonly [seconds: number, bytesPerSecond: number])[];
  /**
   * Time from a request to the first byte of its response, in milliseconds; twice as long for the first request of a
   * connection. @default 0
   */
  roundTripMs?: number;
  /** The ETag field, with its quotes; `null` for none. @default a strong tag derived from the content */
  etag?: string | null;
  /** The Last-Modified date; `null` for none. @default 2024-01-02T03:04:05Z */
  lastModified?: Date | null;
  /** @default "application/octet-stream" */
  contentType?: string;
  /** Faults of requests for the file; the first that matches applies. @default none */
  faults?: readonly Fault[];
  /** If false, ignores Range and always answers 200. @default true */
  ranges?: boolean;
  /** `"chunked"`: always a chunked 200; `"star"`: 206 with `bytes a-b/*`. @default neither */
  unknownLength?: "chunked" | "star";
  /** If set, `url` redirects (302) to the file by this kind of Location. @default none */
  redirect?: "relative" | "absolute";
  /** If set, the file's path redirects (302) to this URL. @default none */
  redirectTo?: string;
  /** The required Authorization field, else 401. @default none */
  requireAuthorization?: string;
  /** Additional fields of a 200 or 206; they replace others of the same name. @default none */
  responseHeaders?: Readonly<Record<string, string>>;
}

/** A running mirror. */
export interface LabMirror extends AsyncDisposable {
  /** The URL of the file. */
  readonly url: string;
  readonly port: number;
  /** All requests so far, in order of arrival. */
  readonly requests: readonly RequestRecord[];
  /** Bytes of bodies that were put on the link. */
  readonly bytesSent: number;
  /** Number of open connections. */
  readonly openConnections: number;
  readonly connectionsAccepted: number;
  /** Replaces the faults; their counts start anew. */
  setFaults(faults: readonly Fault[]): void;
  /** Changes the rate, in bytes per second; `undefined` is full speed, 0 is silence. Silent again after so many bytes. */
  setRate(bytesPerSecond: number | undefined, silentAfter?: number): void;
  /** Changes the file; current responses keep the old one. Last-Modified advances by a minute. */
  setContent(content: Content, etag?: string | null): void;
  /** Resets every open connection (RST). */
  resetConnections(): void;
  /** Closes the listener, every connection, and every timer. */
  close(): Promise<void>;
}

/** Starts a mirror on a free port of 127.0.0.1. */
export async function startMirror(options: MirrorOptions): Promise<LabMirror> {
  const mirror = new Mirror(options);
  await mirror.listening;
  return mirror;
}

/** Returns a strong tag, from the size and some of the bytes. */
function contentTag(content: Content): string {
  let hash = 0x811c9dc5;
  const sample = Math.min(64, content.size);
  for (let i = 0; i <= 16; i++) {
    const start = Math.floor((content.size - sample) * i / 16);
    for (const byte of content.read(start, start + sample)) {
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
  }
  return `"${content.size.toString(16)}-${(hash >>> 0).toString(16)}"`;
}

class Mirror implements LabMirror, Site {
  readonly requests: MutableRecord[] = [];
  readonly listening: Promise<void>;
  readonly link: Link;
  readonly roundTripMs: number;
  connectionsAccepted = 0;
  #resource: Resource;
  readonly #options: MirrorOptions;
  #plan: FaultPlan;
  #lastModified: Date | null;
  #hasRequests = false;
  readonly #rateTimers: ReturnType<typeof setTimeout>[] = [];
  readonly #connections = new Set<Connection>();
  readonly #server: Server;
  #closed: Promise<void> | undefined;

  constructor(options: MirrorOptions) {
    const { content, etag, lastModified = new Date("2024-01-02T03:04:05Z") } = options;
    this.#options = options;
    this.roundTripMs = options.roundTripMs ?? 0;
    this.link = new Link(options.bytesPerSecond, { quantumMs: QUANTUM_MS, ...options });
    this.#plan = new FaultPlan(options.faults ?? []);
    this.#lastModified = lastModified;
    this.#resource = {
      content,
      etag: etag === undefined ? contentTag(content) : etag ?? undefined,
      lastModified: lastModified?.toUTCString(),
      contentType: options.contentType ?? "application/octet-stream",
      ranges: options.ranges ?? true,
      unknownLength: options.unknownLength,
      responseHeaders: options.responseHeaders ?? {},
    };
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.listening = promise;
    this.#server.once("error", reject);
    this.#server.listen(0, "127.0.0.1", 511, resolve);
  }

  get url(): string {
    const { redirect, path = DEFAULT_PATH } = this.#options;
    return this.#origin + (redirect === undefined ? "" : REDIRECT_PREFIX) + path;
  }

  get #origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The mirror is closed");
    return address.port;
  }

  get bytesSent(): number {
    return this.requests.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  /** Decides on a request; the first one starts the clock of `ratesAt`. */
  decide(head: RequestHead): Decision {
    this.#noteRequest();
    const early = this.#withoutFile(head);
    const range = askedRange(this.#resource, head);
    if (early !== undefined) return { answer: early, range, delayMs: 0 };
    const fault = this.#strike();
    if (fault?.kind === "refuse") return { answer: undefined, range, delayMs: 0 };
    const delayMs = fault?.kind === "slow-headers" ? fault.delayMs : 0;
    return {
      answer: fileAnswer(this.#resource, head, fault),
      range,
      delayMs,
    };
  }

  /** Returns the response to a request that does not get the file. */
  #withoutFile(head: RequestHead): Answer | undefined {
    const options = this.#options;
    const { path = DEFAULT_PATH } = options;
    const asked = head.path.split("?", 1)[0];
    if (options.redirect !== undefined && asked === REDIRECT_PREFIX + path) {
      const Location = options.redirect === "relative" ? path : this.#origin + path;
      return plainAnswer(head, 302, { Location });
    }
    if (asked !== path) return plainAnswer(head, 404, {}, "Not found");
    if (head.method !== "GET" && head.method !== "HEAD") {
      return plainAnswer(head, 405, { Allow: "GET, HEAD", Connection: "close" });
    }
    if (options.redirectTo !== undefined) {
      return plainAnswer(head, 302, { Location: options.redirectTo });
    }
    const wanted = options.requireAuthorization;
    if (wanted !== undefined && head.headers["authorization"] !== wanted) {
      return plainAnswer(head, 401, { "WWW-Authenticate": 'Basic realm="lab"' }, "Unauthorized");
    }
    return undefined;
  }

  /** Returns the fault of the next request; `kind` as in {@linkcode FaultPlan.strike}. */
  #strike(kind?: Fault["kind"]): Fault | undefined {
    return this.#plan.strike(this.requests.length, kind);
  }

  #noteRequest(): void {
    if (this.#hasRequests) return;
    this.#hasRequests = true;
    this.#options.onFirstRequest?.();
    for (const [seconds, bytesPerSecond] of this.#options.ratesAt ?? []) {
      this.#rateTimers.push(setTimeout(() => this.link.setRate(bytesPerSecond), seconds * 1000));
    }
  }

  setFaults(faults: readonly Fault[]): void {
    this.#plan = new FaultPlan(faults);
  }

  setRate(bytesPerSecond: number | undefined, silentAfter?: number): void {
    this.link.setRate(bytesPerSecond, silentAfter);
  }

  setContent(content: Content, etag: string | null = contentTag(content)): void {
    if (this.#lastModified !== null) {
      this.#lastModified = new Date(this.#lastModified.getTime() + 60_000);
    }
    const lastModified = this.#lastModified?.toUTCString();
    this.#resource = { ...this.#resource, content, etag: etag ?? undefined, lastModified };
  }

  resetConnections(): void {
    for (const connection of this.#connections) connection.reset();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const timer of this.#rateTimers) clearTimeout(timer);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    const open = [...this.#connections];
    for (const connection of open) connection.destroy();
    this.link.close();
    await Promise.all([promise, ...open.map((connection) => connection.closed)]);
  }

  #accept(socket: Socket): void {
    const number = this.connectionsAccepted++;
    if (this.#closed !== undefined || this.#strike("refuse") !== undefined) {
      socket.on("error", () => {});
      socket.destroy();
      return;
    }
    const connection = new Connection(this, socket, number);
    this.#connections.add(connection);
    connection.closed.then(() => this.#connections.delete(connection));
  }
}
