/**
 * The proxy's metrics in the Prometheus text format. Running downloads are counted on every scrape,
 * so that a long one shows while it runs and not only when it ends.
 *
 * @module
 */

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { DownloadStats, EndEvent } from "../../../mod.ts";

export interface DownloadMetrics {
  /**
   * Counts the end of the download. Only the first call has an effect.
   *
   * @param outcome how the download ended
   * @param longestStallSeconds the longest wait for bytes, after the first byte
   */
  end(outcome: EndEvent["outcome"], longestStallSeconds?: number): void;
}

/** What has become of the connections of clients. */
export interface ConnectionCounts {
  /** Those that are open. */
  readonly open: number;
  /** Those that were accepted. */
  readonly accepted: number;
  /** Those that were closed to make room for others. */
  readonly evicted: number;
  /** Those that got a 503, or were closed at once. */
  readonly refused: number;
  /** How often none could be accepted. */
  readonly failed: number;
}

/** Maximum number of `host` labels: clients choose the hosts, and each label stays in memory. */
const MAX_HOSTS = 100;
/** Histogram buckets in seconds, from unnoticeable to abandoned. */
const BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Counts requests and downloads. */
export class Metrics {
  /** The media type of {@linkcode text}. */
  readonly contentType: string;

  readonly #registry = new Registry();
  readonly #registers = [this.#registry];
  readonly #downloadsRunning = new Set<Running>();
  readonly #hosts = new Set<string>();
  #connections: (() => ConnectionCounts) | undefined;
  readonly #connectionsCounted = { accepted: 0, evicted: 0, refused: 0, failed: 0 };

  readonly #requests = new Counter({
    name: "sphttp_requests_total",
    help: "Requests answered, by HTTP status.",
    labelNames: ["status"],
    registers: this.#registers,
  });
  readonly #downloads = new Counter({
    name: "sphttp_downloads_total",
    help: "Downloads by outcome; refused ones were not started.",
    labelNames: ["outcome"],
    registers: this.#registers,
  });
  readonly #bytes = new Counter({
    name: "sphttp_mirror_bytes_total",
    help: "Bytes received from mirrors, by host.",
    labelNames: ["host"],
    registers: this.#registers,
  });
  readonly #duplicates = new Counter({
    name: "sphttp_duplicate_requests_total",
    help: "Requests for bytes already requested from another mirror.",
    registers: this.#registers,
  });
  readonly #wasted = new Counter({
    name: "sphttp_wasted_bytes_total",
    help: "Bytes of ended downloads that were received twice or discarded.",
    registers: this.#registers,
  });
  readonly #firstByte = new Histogram({
    name: "sphttp_first_byte_seconds",
    help: "Time from the start of a download to its first byte.",
    buckets: BUCKETS,
    registers: this.#registers,
  });
  readonly #longestStall = new Histogram({
    name: "sphttp_longest_stall_seconds",
    help: "Longest wait for bytes in a download, after its first byte.",
    buckets: BUCKETS,
    registers: this.#registers,
  });

  readonly #running = new Gauge({
    name: "sphttp_downloads_under_way",
    help: "Downloads that are running.",
    registers: this.#registers,
  });
  readonly #buffered = new Gauge({
    name: "sphttp_buffer_bytes",
    help: "Bytes in the reorder buffers of running downloads.",
    registers: this.#registers,
  });

  readonly #clients = new Gauge({
    name: "sphttp_connections",
    help: "Connections of clients that are open.",
    registers: this.#registers,
  });
  readonly #connectionEvents = new Counter({
    name: "sphttp_connections_total",
    help: "Connections of clients: accepted, evicted to make room, refused, failed to be accepted.",
    labelNames: ["event"],
    registers: this.#registers,
  });

  constructor() {
    this.contentType = this.#registry.contentType;
    for (const outcome of ["complete", "failed", "cancelled", "refused"]) {
      this.#downloads.inc({ outcome }, 0);
    }
  }

  /** Includes the connections of a server. */
  countConnections(counts: () => ConnectionCounts): void {
    this.#connections = counts;
  }

  /** Counts a request by the HTTP status of its response. */
  request(status: number): void {
    this.#requests.inc({ status });
  }

  /** Counts a download that was refused because a limit was reached. */
  refused(): void {
    this.#downloads.inc({ outcome: "refused" });
  }

  /** Counts a download from now until its end. */
  download(stats: () => DownloadStats): DownloadMetrics {
    const running: Running = { stats, counted: new Map() };
    this.#downloadsRunning.add(running);
    return {
      end: (outcome, longestStallSeconds) => {
        if (!this.#downloadsRunning.delete(running)) return;
        const { wastedBytes, firstByteMs } = this.#count(running);
        this.#downloads.inc({ outcome });
        // Until the mirrors agree, bytes on hold are counted as wasted: only the final number is right.
        this.#wasted.inc(wastedBytes);
        if (firstByteMs !== undefined) this.#firstByte.observe(firstByteMs / 1000);
        if (longestStallSeconds !== undefined) this.#longestStall.observe(longestStallSeconds);
      },
    };
  }

  async text(): Promise<string> {
    const snapshots = [...this.#downloadsRunning].map((running) => this.#count(running));
    this.#running.set(snapshots.length);
    this.#buffered.set(snapshots.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0));
    this.#readConnections();
    return await this.#registry.metrics();
  }

  #readConnections(): void {
    const counts = this.#connections?.();
    if (counts === undefined) return;
    this.#clients.set(counts.open);
    for (const event of ["accepted", "evicted", "refused", "failed"] as const) {
      this.#connectionEvents.inc({ event }, counts[event] - this.#connectionsCounted[event]);
      this.#connectionsCounted[event] = counts[event];
    }
  }

  /** Counts what has changed since the last call. */
  #count({ stats, counted }: Running): DownloadStats {
    const snapshot = stats();
    for (const { url, bytes, duplicates } of snapshot.mirrors) {
      const before = counted.get(url) ?? { bytes: 0, duplicates: 0 };
      if (bytes > before.bytes) this.#bytes.inc({ host: this.#host(url) }, bytes - before.bytes);
      this.#duplicates.inc(duplicates - before.duplicates);
      counted.set(url, { bytes, duplicates });
    }
    return snapshot;
  }

  #host(url: string): string {
    const { host } = new URL(url);
    if (!this.#hosts.has(host) && this.#hosts.size === MAX_HOSTS) return "other";
    this.#hosts.add(host);
    return host;
  }
}

/** A running download, and what has been counted for each of its mirrors, by URL. */
interface Running {
  readonly stats: () => DownloadStats;
  readonly counted: Map<string, { readonly bytes: number; readonly duplicates: number }>;
}
