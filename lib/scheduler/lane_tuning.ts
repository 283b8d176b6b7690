/**
 * Lets each mirror find out how many connections are of use, from what all of them deliver, and reports
 * changes. Pure, but for the state that it changes: times are in milliseconds, and passed in.
 *
 * @module
 */

import type { DownloadState } from "./state.ts";

/** Of the only mirror, one connection is used for so many bytes. */
const SHORT_FILE = 1024 * 1024;
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
    const { mirrors, readyBytes, windowSize, commands } = this.#state;
    if (mirrors[0]!.tuner === undefined) return;
    const total = mirrors.reduce((sum, { bytes }) => sum + bytes, 0);
    // One response brings a short file, whatever the link is like.
    if (mirrors.length === 1 && total < SHORT_FILE) return;
    // What is left for a consumer that does not keep up shows nothing of the mirrors.
    const waits = readyBytes > windowSize * MOST_READY;
    for (const [index, { tuner, bytes, link, url, worth }] of mirrors.entries()) {
      if (tuner === undefined) continue;
      if (waits) tuner.interrupt();
      tuner.learn(link.flowMeter.flow, worth, now);
      tuner.observe({ own: bytes, total }, now, link.latencyMs);
      const { lanes, reason } = tuner;
      if (lanes === this.#lanes[index]) continue;
      this.#lanes[index] = lanes;
      commands.report({ type: "lanes", mirror: url, lanes, reason }, now);
    }
  }
}
