/**
 * Gathers what the access log says of each request: the end of a body comes after its answer, and
 * what is cut at the end of the process has a line as well.
 *
 * @module
 */

import type { EndEvent } from "../../../mod.ts";
import { accessLine } from "./access_log.ts";
import type { ProxyOptions } from "../options.ts";

/** How the body of an answer ended. */
export type BodyOutcome = EndEvent["outcome"];

/** Told of the body of an answer. */
export interface BodyListener {
  /** The client took so many bytes more. */
  readonly sent: (bytes: number) => void;
  /** The body has ended; what is told after the first time does not count. */
  readonly ended: (outcome: BodyOutcome) => void;
}

/** The status of an answer that nobody waited for any more, as nginx has it in its log. */
export const CLIENT_LEFT = 499;

/** Routes whose answers last; they tell when they have ended. */
const STREAMING = ["/proxy", "/live"];

/** The requests that are being answered. */
export class RequestLog {
  readonly #options: Pick<ProxyOptions, "log" | "logFormat">;
  readonly #open = new Set<RequestEntry>();

  constructor(options: Pick<ProxyOptions, "log" | "logFormat">) {
    this.#options = options;
  }

  /** Notes a request that has come. */
  start(request: Request, info: Deno.ServeHandlerInfo | undefined): RequestEntry {
    const { log, logFormat } = this.#options;
    const time = Date.now();
    const startedAt = performance.now();
    // Not known any more when the client has left.
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

  /** Writes the lines of all requests that have not ended: the process ends before they do. */
  cut(): void {
    for (const entry of [...this.#open]) entry.cut();
  }
}

/** What became of a request. */
interface End {
  readonly status: number;
  readonly bytes: number;
  readonly outcome: BodyOutcome | "refused";
}

/** One request. Its line is written when its answer and, where that lasts, its body have ended. */
export class RequestEntry implements BodyListener {
  readonly #request: Request;
  readonly #write: (end: End) => void;
  #status: number | undefined;
  #outcome: BodyOutcome | undefined;
  #lasts = false;
  #sentBytes = 0;
  /** Length of an answer that does not last. */
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

  /** The answer is handed over. */
  answered({ status, ok, body, headers }: Response): void {
    this.#status = status;
    if (body !== null) {
      this.#lasts = ok && STREAMING.includes(URL.parse(this.#request.url)?.pathname ?? "");
      this.#length = Number(headers.get("content-length"));
    }
    this.#writeIfEnded();
  }

  /** It will not end by itself. */
  cut(): void {
    const status = this.#status ?? CLIENT_LEFT;
    this.#write({ status, bytes: this.#sentBytes, outcome: "cancelled" });
  }

  #writeIfEnded(): void {
    const status = this.#status;
    if (status === undefined || (this.#lasts && this.#outcome === undefined)) return;
    const bytes = this.#outcome === undefined ? this.#length : this.#sentBytes;
    this.#write({ status, bytes, outcome: this.#outcome ?? outcomeOf(status) });
  }
}

function outcomeOf(status: number): End["outcome"] {
  if (status < 400) return "complete";
  return status === 503 ? "refused" : "failed";
}
