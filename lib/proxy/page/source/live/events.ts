/**
 * Follows the server-sent events of `/live`, and reconnects with growing pauses.
 *
 * @module
 */

import type { LiveMessage } from "../../../observe/live_message.ts";

/** Callbacks for the connection and its messages. */
export interface LiveListener {
  /** Connected: the next message repeats everything. */
  readonly opened: () => void;
  readonly received: (message: LiveMessage) => void;
  /** Disconnected; with a reason if the server refused the connection. */
  readonly lost: (reason?: string) => void;
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;

/** Receives the events of one link at a time. */
export class LiveEvents {
  readonly #listener: LiveListener;
  #source: EventSource | undefined;
  #timer: number | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(listener: LiveListener) {
    this.#listener = listener;
  }

  /** Follows the downloads of a link, until another one is followed. */
  follow(query: string): void {
    this.#retryMs = FIRST_RETRY_MS;
    this.#connect(`/live?${query}`);
  }

  #connect(url: string): void {
    this.#source?.close();
    clearTimeout(this.#timer);
    const source = this.#source = new EventSource(url);
    source.addEventListener("open", () => {
      this.#retryMs = FIRST_RETRY_MS;
      this.#listener.opened();
    });
    source.addEventListener("state", ({ data }) => this.#listener.received(JSON.parse(data)));
    source.addEventListener("error", () => {
      const wasRefused = source.readyState === EventSource.CLOSED;
      source.close();
      this.#listener.lost();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#connect(url), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
      if (wasRefused) this.#explainRefusal(url, source);
    });
  }

  /** Requests the reason, which an EventSource cannot read; stops if retrying cannot help. */
  async #explainRefusal(url: string, source: EventSource): Promise<void> {
    const controller = new AbortController();
    try {
      const response = await fetch(url, { signal: controller.signal });
      if (response.ok || this.#source !== source) return;
      const problem: { detail?: unknown } = (await response.json().catch(() => null)) ?? {};
      if (this.#source !== source) return;
      if (response.status < 500 && response.status !== 429) clearTimeout(this.#timer);
      this.#listener.lost(String(problem.detail ?? `status ${response.status}`));
    } catch {
      // Unreachable, which the listener knows already.
    } finally {
      controller.abort();
    }
  }
}
