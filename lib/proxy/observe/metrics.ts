/**
 * What the proxy tells of itself to Prometheus, in its text format. Downloads under way are read
 * when somebody asks, so that a long one shows while it runs and not only when it ends.
 *
 * @module
 */

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { DownloadStats, EndEvent } from "../../../mod.ts";

/** Options of {@linkcode Metrics}. */
export interface MetricsOptions {
  /**
   * Whether prom-client's own metrics of the process are added. They are not by default: without
   * `--allow-read` the size of the process is given as 0, and many are about Node.js's event loop
   * and heap, for which Deno has stand-ins that say nothing.
   *
   * @default {false}
   */
  processMetrics?: boolean | undefined;
}

/** The metrics of one download. */
export interface DownloadMetrics {
  /**
   * Counts what is left to count; only the first call does anything.
   *
   * @param outcome how the download ended
   * @param longestStallSeconds the longest that the client had to wait for bytes after the first
   */
  end(outcome: EndEvent["outcome"], longestStallSeconds?: number): void;
}

/** The most hosts that are told apart: clients choose them, and each costs memory for good. */
const MOST_HOSTS = 100;
/** From what nobody notices to what everybody has given up, in seconds. */
const BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Counts what the proxy does. */
export class Metrics {
  /** The media type of the text. */
  readonly contentType: string;

  readonly #registry = new Registry();
  readonly #registers = [this.#registry];
  readonly #underWay = new Set<Running>();
  readonly #hosts = new Set<string>();

  readonly #requests = new Counter({
    name: "sphttp_requests_total",
    help: "Requests answered, by HTTP status.",
    labelNames: ["status"],
    registers: this.#registers,
  });
  readonly #downloads = new Counter({
    name: "sphttp_downloads_total",
    help: "Downloads by how they ended; refused ones never began.",
    labelNames: ["outcome"],
    registers: this.#registers,
  });
  readonly #bytes = new Counter({
    name: "sphttp_mirror_bytes_total",
    help: "Bytes that came from mirrors, by host.",
    labelNames: ["host"],
    registers: this.#registers,
  });
  readonly #duplicates = new Counter({
    name: "sphttp_duplicate_requests_total",
    help: "Requests to mirrors for what another mirror had been asked for already.",
    registers: this.#registers,
  });
  readonly #wasted = new Counter({
    name: "sphttp_wasted_bytes_total",
    help: "Bytes of ended downloads that came more than once or were of no use.",
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
    help: "Downloads that have begun and not ended.",
    registers: this.#registers,
  });
  readonly #buffered = new Gauge({
    name: "sphttp_buffer_bytes",
    help: "Bytes in the reorder buffers of the downloads under way.",
    registers: this.#registers,
  });

  /** Begins to count, from 0. */
  constructor(options: MetricsOptions = {}) {
    this.contentType = this.#registry.contentType;
    for (const outcome of ["complete", "failed", "cancelled", "refused"]) {
      this.#downloads.inc({ outcome }, 0);
    }
    if (options.processMetrics ?? false) collectDefaultMetrics({ register: this.#registry });
  }

  /** Counts a request by the HTTP status of its answer. */
  request(status: number): void {
    this.#requests.inc({ status });
  }

  /** Counts a download that was not let begin, because there was no room for it. */
  refused(): void {
    this.#downloads.inc({ outcome: "refused" });
  }

  /** Counts a download that begins, and whatever its snapshots tell until it ends. */
  download(stats: () => DownloadStats): DownloadMetrics {
    const running: Running = { stats, counted: new Map() };
    this.#underWay.add(running);
    return {
      end: (outcome, longestStallSeconds) => {
        if (!this.#underWay.delete(running)) return;
        const { wastedBytes, firstByteMs } = this.#count(running);
        this.#downloads.inc({ outcome });
        // What is held until the mirrors agree passes for wasted before: only the end knows.
        this.#wasted.inc(wastedBytes);
        if (firstByteMs !== undefined) this.#firstByte.observe(firstByteMs / 1000);
        if (longestStallSeconds !== undefined) this.#longestStall.observe(longestStallSeconds);
      },
    };
  }

  /** Everything counted up to now. */
  async text(): Promise<string> {
    const snapshots = [...this.#underWay].map((running) => this.#count(running));
    this.#running.set(snapshots.length);
    this.#buffered.set(snapshots.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0));
    return await this.#registry.metrics();
  }

  /** Counts what is new since the last time. */
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
    if (!this.#hosts.has(host) && this.#hosts.size === MOST_HOSTS) return "other";
    this.#hosts.add(host);
    return host;
  }
}

/** A download under way, and what has been counted of each of its mirrors, by URL. */
interface Running {
  readonly stats: () => DownloadStats;
  readonly counted: Map<string, { readonly bytes: number; readonly duplicates: number }>;
}
