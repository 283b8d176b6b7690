/**
 * Collects what the access log records of each request. A line is written when the body of the
 * response has ended, or when the process exits before.
 *
 * @module
 */

import type { EndEvent } from "../../../mod.ts";
import { type AccessEntry, accessLine } from "./access_log.ts";
import type { ProxyOptions } from "../options.ts";
import { FILE_ROUTES, routeOf } from "../request/path.ts";

/** How the body of a response ended. */
export type BodyOutcome = EndEvent["outcome"];

/** Receives the progress of the body of a response. */
export interface BodyListener {
  /** Reports that more bytes were sent. */
  readonly sent: (bytes: number) => void;
  /** Reports the end of the body; only the first call counts. */
  readonly ended: (outcome: BodyOutcome) => void;
}

/** The status logged when the client disconnects before the response, as in nginx. */
export const CLIENT_CLOSED_REQUEST = 499;

/** Tracks running requests and logs each one when it ends. */
export class RequestLog {
  readonly #options: Pick<ProxyOptions, "log" | "logFormat">;
  readonly #open = new Set<RequestEntry>();

  constructor(options: Pick<ProxyOptions, "log" | "logFormat">) {
    this.#options = options;
  }

  start(request: Request, info: Deno.ServeHandlerInfo | undefined): RequestEntry {
    const { log, logFormat } = this.#options;
    const time = Date.now();
    const startedAt = performance.now();
    // Read now: it is unknown once the client has disconnected.
    const remote = info?.remoteAddr;
    const client = remote !== undefined && "hostname" in remote ? remote.hostname : "-";
    const entry: RequestEntry = new RequestEntry(request, (end) => {
      if (!this.#open.delete(entry)) return;
      const { method, url, headers } = request;
      const range = headers.get("range") ?? undefined;
      const durationMs = performance.now() - startedAt;
      log?.(accessLine({ time, client, method, url, durationMs, range, ...end }, logFormat));
    });
    this.#open.add(entry);
    return entry;
  }

  /** Logs all running requests as cancelled, because the process is about to exit. */
  cancelAll(): void {
    for (const entry of [...this.#open]) entry.cancel();
  }
}

type End = Pick<AccessEntry, "status" | "bytes" | "outcome">;

/** A request. Its line is written after its response and, on some routes, its body have ended. */
class RequestEntry implements BodyListener {
  readonly #request: Request;
  readonly #write: (end: End) => void;
  #status: number | undefined;
  #outcome: BodyOutcome | undefined;
  #isStreaming = false;
  #sentBytes = 0;
  /** Length of a body that is not streamed. */
  #length = 0;

  constructor(request: Request, write: (end: End) => void) {
    this.#request = request;
    this.#write = write;
  }

  /** @inheritdoc */
  readonly sent = (bytes: number): void => {
    this.#sentBytes += bytes;
  };

  /** @inheritdoc */
  readonly ended = (outcome: BodyOutcome): void => {
    this.#outcome ??= outcome;
    this.#writeIfEnded();
  };

  responded({ status, ok, body, headers }: Response): void {
    this.#status = status;
    if (body !== null) {
      // These report the end of their body.
      this.#isStreaming = ok && FILE_ROUTES.includes(routeOf(this.#request.url));
      this.#length = Number(headers.get("content-length"));
    }
    this.#writeIfEnded();
  }

  cancel(): void {
    const status = this.#status ?? CLIENT_CLOSED_REQUEST;
    this.#write({ status, bytes: this.#sentBytes, outcome: "cancelled" });
  }

  #writeIfEnded(): void {
    const status = this.#status;
    if (status === undefined || (this.#isStreaming && this.#outcome === undefined)) return;
    const bytes = this.#outcome === undefined ? this.#length : this.#sentBytes;
    this.#write({ status, bytes, outcome: this.#outcome ?? outcomeOf(status) });
  }
}

function outcomeOf(status: number): End["outcome"] {
  if (status < 400) return "complete";
  return status === 503 ? "refused" : "failed";
}
