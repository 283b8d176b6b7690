/**
 * Lets each mirror find out how many connections are of use, from what all of them deliver, and reports
 * changes. Pure, but for the state that it changes: times are in milliseconds, and passed in.
 *
 * @module
 */

import type { DownloadState } from "../state.ts";

/** The last bytes of the only mirror are left to the connections that it has. */
const SHORT_FILE = 1024 * 1024;
/**
 * What was delivered behind the front may take this part of the window before a second lane is tried, whose
 * ranges are kept until the front comes to them.
 */
const MOST_AHEAD = 1 / 8;
/** A consumer that has left more than this part of the window holds up the mirrors. */
const MOST_READY = 1 / 2;

export class LaneTuning {
  readonly #state: DownloadState;
  /** How many requests are kept busy at each mirror, as reported. */
  readonly #lanes: number[] = [];

  constructor(state: DownloadState) {
    this.#state = state;
  }

  /** Takes in what has been delivered by `now`. */
  tune(now: number): void {
    const { mirrors, ledger, readyBytes, windowSize, commands } = this.#state;
    if (mirrors[0]!.tuner === undefined) return;
    const total = mirrors.reduce((sum, { bytes }) => sum + bytes, 0);
    // One response brings a short file, or a short rest, whatever the link is like.
    const left = ledger.end - ledger.receivedBytes;
    if (mirrors.length === 1 && left < SHORT_FILE) return;
    // What is left for a consumer that does not keep up shows nothing of the mirrors.
    const waits = readyBytes > windowSize * MOST_READY;
    const hasRoom = ledger.aheadBytes <= windowSize * MOST_AHEAD;
    for (const [index, mirror] of mirrors.entries()) {
      const { tuner, bytes, link, url, worth, servesRanges, lengths: { shown } } = mirror;
      if (tuner === undefined) continue;
      if (waits) tuner.interrupt();
      if (tuner.isTrying) link.flowMeter.interrupt();
      tuner.learn(link.flowMeter.flow, worth, now);
      // While one lane waits for an answer, others bring the bytes that it could.
      if (shown !== undefined) {
        tuner.need(1 + Math.ceil(link.bytesPerSecond(now) * link.latencyMs / 1000 / shown));
      }
      const aloneMs = hasRoom || tuner.lanes > 1 ? left * 1000 / link.bytesPerSecond(now) : 0;
      const leftMs = mirrors.length === 1 ? aloneMs : Infinity;
      tuner.observe({ own: bytes, total }, now, link.latencyMs, leftMs);
      const { lanes, reason } = tuner;
      // Until it has answered, it gets one request at a time.
      if (lanes === this.#lanes[index] || !servesRanges) continue;
      this.#lanes[index] = lanes;
      commands.report({ type: "lanes", mirror: url, lanes, reason }, now);
    }
  }
}
