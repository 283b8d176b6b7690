/**
 * The sending end of a connection in virtual time, as Linux has it: what the window allows is sent at
 * once, without pacing; losses are recovered with a proportionally reduced window (RFC 6937), by a tail
 * loss probe (RFC 8985), or after a timeout; a window that was idle starts anew.
 *
 * @module
 */

import type { EventQueue } from "../event_queue.ts";
import { CubicWindow } from "./cubic.ts";
import { HEADER_BYTES } from "./packet.ts";
import { LEAST_TIMEOUT_MS, RoundTripTimer } from "./round_trip_timer.ts";
import { type Acknowledgement, type Delivered, Scoreboard } from "./scoreboard.ts";

/** Least delay of a timer beyond what was measured. */
const TIMER_SLACK_MS = 8;
/** Segments that are passed on at once where they come in quick succession: as many as are sent in this time. */
const BURST_MS = 1.024;
const LEAST_BURST = 2;
const MOST_BURST_BYTES = 65_536;
/** Size of the send buffer: at most, in bytes, and by the window, in segments. */
const SEND_BUFFER = 4 * 1024 * 1024;
const SEND_BUFFER_WINDOWS = 6;
/** Share of the window that is sent at once, whatever the burst. */
const WINDOW_PART = 3;

type State = "open" | "recovery" | "timeout";
type TimerKind = "probe" | "timeout" | "reorder" | "closed";

interface Timer {
  readonly kind: TimerKind;
  readonly at: number;
}

export class Sender {
  readonly window = new CubicWindow();
  readonly #queue: EventQueue;
  readonly #segmentBytes: number;
  /** Maximum number of segments under way. */
  readonly #mostUnderWay: number;
  readonly #transmit: (segment: number) => void;
  readonly #board = new Scoreboard();
  readonly #roundTrip = new RoundTripTimer();
  #state: State = "open";
  #closed = false;
  /** End of what is to be sent. */
  #written = 0;
  /** Size of the send buffer, in segments. */
  #bufferSegments = 0;
  /** End of what the receiver has room for. */
  #windowEnd = 0;
  /** Recovery ends when everything before it has arrived. */
  #recoveryEnd = 0;
  /** Of this recovery: the window before it, and segments delivered and sent since. */
  #windowBefore = 0;
  #delivered = 0;
  #sent = 0;
  /** Where the probe of the tail was sent; `undefined` if none is under way. */
  #probe: { readonly end: number; readonly isCopy: boolean } | undefined;
  /** Whether the window was full in this round trip, and how much of it was used. */
  #isWindowLimited = false;
  #mostOutstanding = 0;
  #usageEnd = 0;
  #usedSinceFull = 0;
  #fullAt = 0;
  #lastSentAt = -Infinity;
  /** What the timer is for, and when. */
  #timer: Timer | undefined;
  #alarmAt = Infinity;

  /** `transmit` passes a segment on to the network. */
  constructor(queue: EventQueue, segmentBytes: number, transmit: (segment: number) => void) {
    this.#queue = queue;
    this.#segmentBytes = segmentBytes;
    this.#mostUnderWay = Math.floor(SEND_BUFFER / (segmentBytes + HEADER_BYTES));
    this.#transmit = transmit;
  }

  /** The connection is open: the round trip of its handshake, and the receiver's first window. */
  open(roundTripMs: number, windowEnd: number): void {
    this.#roundTrip.sample(roundTripMs);
    this.#board.open(roundTripMs);
    this.#windowEnd = windowEnd;
  }

  /** Number of segments for which the send buffer has room. */
  get room(): number {
    this.#bufferSegments = Math.max(this.#bufferSegments, SEND_BUFFER_WINDOWS * this.window.size);
    const most = Math.min(this.#bufferSegments, this.#mostUnderWay);
    return Math.max(0, most - (this.#written - this.#board.first));
  }

  /** So many segments more are to be sent; returns the number of the first one. */
  write(segments: number): number {
    const start = this.#written;
    const { now } = this.#queue;
    const idleMs = now - this.#lastSentAt;
    if (this.#board.outstanding === 0 && idleMs > this.#roundTrip.timeoutMs) {
      this.window.restart(idleMs, this.#roundTrip.timeoutMs);
    }
    this.#written += segments;
    this.#push();
    return start;
  }

  /** Sends nothing more. */
  close(): void {
    this.#closed = true;
    this.#timer = undefined;
  }

  acknowledged(acknowledgement: Acknowledgement): void {
    if (this.#closed) return;
    const { now } = this.#queue;
    const board = this.#board;
    this.#windowEnd = Math.max(this.#windowEnd, acknowledgement.windowEnd);
    const delivered = board.acknowledge(acknowledgement, now);
    this.#measure(delivered, now);
    if (delivered.isForward) this.#timer = undefined;
    this.#endProbe(acknowledgement.isDuplicate);
    if (board.first >= this.#recoveryEnd) this.#endRecovery();
    const lost = this.#detectLosses(now);
    if (this.#state === "recovery") this.#reduce(delivered, lost);
    else if (delivered.isForward && this.#isLimited()) this.window.grow(delivered.count, now);
    if (this.#timer === undefined) this.#setTimer();
    this.#push();
  }

  #measure({ oldestMs, latestMs }: Delivered, now: number): void {
    if (oldestMs !== undefined) this.#roundTrip.sample(oldestMs);
    if (latestMs === undefined) return;
    const { first: unacknowledged, next } = this.#board;
    const pacingRate = this.#pacingRate();
    this.window.measured({ now, roundTripMs: latestMs, unacknowledged, next, pacingRate });
  }

  /** Bytes per millisecond. */
  #pacingRate(): number {
    const { size, threshold } = this.window;
    const factor = size < threshold / 2 ? 2 : 1.2;
    const segments = Math.max(size, this.#board.outstanding);
    return factor * segments * this.#segmentBytes / this.#roundTrip.smoothedMs;
  }

  #endProbe(isDuplicate: boolean): void {
    if (this.#probe === undefined || this.#board.first < this.#probe.end) return;
    const { isCopy } = this.#probe;
    this.#probe = undefined;
    if (!isCopy || isDuplicate || this.#state !== "open") return;
    // The probe has repaired a loss that nothing else would have shown.
    this.window.reduce();
    this.window.size = this.window.threshold;
  }

  #endRecovery(): void {
    if (this.#state === "recovery") this.window.size = this.window.threshold;
    this.#state = "open";
  }

  /** Begins a recovery if segments are lost; returns the number of those. */
  #detectLosses(now: number): number {
    const isRecovering = this.#state !== "open";
    const { smoothedMs: roundTripMs } = this.#roundTrip;
    const { count, againAt } = this.#board.detectLosses(now, { isRecovering, roundTripMs });
    if (againAt < Infinity) this.#setAlarm({ kind: "reorder", at: againAt });
    if (count === 0 || isRecovering) return count;
    this.#state = "recovery";
    this.#recoveryEnd = this.#board.next;
    this.#windowBefore = this.window.size;
    this.#delivered = this.#sent = 0;
    this.#probe = undefined;
    this.window.reduce();
    return count;
  }

  /** Proportional rate reduction: sends as much as has arrived, in the proportion of the windows. */
  #reduce({ count, isForward }: Delivered, lost: number): void {
    if (count === 0) return;
    const { inFlight } = this.#board;
    const { threshold } = this.window;
    this.#delivered += count;
    const room = threshold - inFlight;
    let more: number;
    if (room < 0) {
      more = Math.ceil(threshold * this.#delivered / this.#windowBefore) - this.#sent;
    } else {
      more = Math.max(this.#delivered - this.#sent, count);
      if (isForward && lost === 0) more++;
      more = Math.min(room, more);
    }
    this.window.size = inFlight + Math.max(more, this.#sent > 0 ? 0 : 1);
  }

  /** Reports whether it was the window that limited the last round trip. */
  #isLimited(): boolean {
    if (this.#isWindowLimited) return true;
    return this.window.inSlowStart && this.window.size < 2 * this.#mostOutstanding;
  }

  /** Sends what may be sent: lost segments first. */
  #push(): void {
    if (this.#closed) return;
    const board = this.#board;
    const { now } = this.#queue;
    if (this.#state !== "open") {
      for (
        let lost;
        board.inFlight < this.window.size && (lost = board.nextLost()) !== undefined;
      ) {
        board.repeat(lost, now);
        if (lost === board.first) this.#timer = undefined;
        this.#pass(lost, now);
      }
    }
    let isLimited = false;
    let count = 0;
    const burst = this.#burst();
    while (board.next < this.#written) {
      const quota = this.window.size - board.inFlight;
      if (quota <= 0) break;
      const end = Math.min(this.#windowEnd, board.first + this.#mostUnderWay);
      const room = Math.min(quota, end - board.next);
      if (room <= 0) break;
      const wanted = Math.min(burst, this.#written - board.next);
      if (room < wanted && this.#waitsForMore(room, now)) {
        isLimited = quota === room;
        break;
      }
      const sent = Math.min(room, wanted);
      if (board.outstanding === 0) this.window.resumed(now - this.#lastSentAt, now);
      for (let index = 0; index < sent; index++) this.#pass(board.send(now), now);
      count += sent;
    }
    if (board.inFlight >= this.window.size) isLimited = true;
    if (count > 0 || isLimited) this.#noteUsage(isLimited, now);
    if (count > 0 || this.#timer === undefined) this.#setTimer();
  }

  /** Returns how many segments are passed on at once. */
  #burst(): number {
    const bytes = Math.min(MOST_BURST_BYTES, this.#pacingRate() * BURST_MS);
    return Math.max(LEAST_BURST, Math.floor(bytes / this.#segmentBytes));
  }

  /** Reports whether a part of a burst waits for the next acknowledgement. */
  #waitsForMore(room: number, now: number): boolean {
    if (this.#state !== "open" || now - this.#lastSentAt > 1) return false;
    if (room >= Math.floor(this.window.size / WINDOW_PART)) return false;
    if (this.#board.outstanding === 0) return false;
    const { smoothedMs } = this.#roundTrip;
    const expectedInMs = this.#board.firstSentAt + smoothedMs - now;
    return expectedInMs <= Math.min(smoothedMs / 2, 1);
  }

  #pass(segment: number, now: number): void {
    this.#lastSentAt = now;
    if (this.#state === "recovery") this.#sent++;
    this.#transmit(segment);
  }

  /** Notes whether the window was full; takes back a part of one that was not for a whole timeout. */
  #noteUsage(isLimited: boolean, now: number): void {
    const { first, outstanding, next } = this.#board;
    if (
      first >= this.#usageEnd || isLimited ||
      (!this.#isWindowLimited && outstanding > this.#mostOutstanding)
    ) {
      this.#isWindowLimited = isLimited;
      this.#mostOutstanding = outstanding;
      this.#usageEnd = next;
    }
    if (this.#isLimited()) {
      this.#usedSinceFull = 0;
      this.#fullAt = now;
      return;
    }
    this.#usedSinceFull = Math.max(this.#usedSinceFull, outstanding);
    if (now - this.#fullAt < this.#roundTrip.timeoutMs) return;
    if (this.#state === "open") this.window.limitTo(this.#usedSinceFull);
    this.#usedSinceFull = 0;
    this.#fullAt = now;
  }

  /** Sets the timer for a probe of the tail, or else for the timeout. */
  #setTimer(): void {
    const { outstanding, firstSentAt } = this.#board;
    const { now } = this.#queue;
    const { smoothedMs, timeoutMs } = this.#roundTrip;
    if (outstanding === 0) {
      this.#timer = undefined;
      if (this.#board.next >= this.#written) return;
      // The receiver's window is closed, and the news of its opening may be lost.
      this.#setAlarm({ kind: "closed", at: now + timeoutMs });
    } else if (this.#state === "open" && this.#probe === undefined) {
      const slackMs = outstanding === 1 ? LEAST_TIMEOUT_MS : TIMER_SLACK_MS;
      const leftMs = Math.max(0, firstSentAt + timeoutMs - now);
      const delayMs = Math.min(2 * smoothedMs + slackMs, leftMs > 0 ? leftMs : timeoutMs);
      this.#setAlarm({ kind: "probe", at: now + delayMs });
    } else if (this.#timer?.kind !== "timeout") {
      this.#setAlarm({ kind: "timeout", at: now + timeoutMs });
    }
  }

  #setAlarm(timer: Timer): void {
    this.#timer = timer;
    if (timer.at >= this.#alarmAt) return;
    this.#alarmAt = timer.at;
    this.#queue.at(timer.at, () => {
      if (this.#alarmAt !== timer.at) return;
      this.#alarmAt = Infinity;
      if (this.#timer === undefined) return;
      if (this.#timer.at > this.#queue.now) this.#setAlarm(this.#timer);
      else this.#timePassed(this.#timer.kind);
    });
  }

  #timePassed(kind: TimerKind): void {
    this.#timer = undefined;
    const { now } = this.#queue;
    if (kind === "probe") this.#sendProbe(now);
    else if (kind === "timeout") this.#timeOut(now);
    else if (kind === "reorder") this.#detectLosses(now);
    else this.#askForWindow();
    this.#push();
    if (this.#timer === undefined) this.#setTimer();
  }

  /** Sends a new segment, or the last one again, so that its acknowledgement shows what is missing. */
  #sendProbe(now: number): void {
    const board = this.#board;
    const isNew = board.next < this.#written && board.next < this.#windowEnd;
    const segment = isNew ? board.send(now) : board.next - 1;
    if (!isNew) board.repeat(segment, now);
    this.#pass(segment, now);
    this.#probe = { end: board.next, isCopy: !isNew };
    this.#setAlarm({ kind: "timeout", at: now + this.#roundTrip.timeoutMs });
  }

  /** Repeats a segment that has arrived: the answer tells of the receiver's window. */
  #askForWindow(): void {
    this.#roundTrip.timedOut();
    this.#transmit(this.#board.next - 1);
  }

  #timeOut(now: number): void {
    const board = this.#board;
    this.#roundTrip.timedOut();
    if (this.#state === "open" || board.first > this.#recoveryEnd) this.window.reduce();
    this.window.timedOut({ now, next: board.next });
    board.loseAll(now);
    this.#state = "timeout";
    this.#recoveryEnd = board.next;
    this.#probe = undefined;
    this.window.size = board.inFlight + 1;
    this.#setAlarm({ kind: "timeout", at: now + this.#roundTrip.timeoutMs });
  }
}
