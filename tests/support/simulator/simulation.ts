/**
 * What a simulated download is given, and what comes of it.
 *
 * @module
 */

import type { SphttpError } from "../../../lib/errors.ts";
import type { Scheduler } from "../../../lib/scheduler/scheduler.ts";
import type { CancelEvent, TraceEvent } from "../../../lib/trace/events.ts";
import type { TestOptions } from "../scheduler/scheduler_options.ts";
import type { EventQueue } from "./event_queue.ts";
import type { Link } from "./link.ts";
import type { DeliveryPoint } from "./measures.ts";
import type { SimulatedMirror } from "./mirror.ts";
import type { RateChange } from "./rate_timeline.ts";
import type { Standstill } from "./standstill.ts";

/** The links of a download, and the size of its file. */
export interface Network {
  readonly links: readonly SimulatedMirror[];
  /** Size of the file in bytes. */
  readonly size: number;
  /** Whether connections have slow start, from ten segments on. @default false */
  readonly slowStart?: boolean;
  /** Rate of a shared bottleneck, such as the client's access link. @default none */
  readonly clientBytesPerSecond?: number;
}

/** Options of a simulation. */
export interface SimulationOptions extends Network, TestOptions {
  /** Maximum rate of the consumer, in bytes per second. @default unlimited */
  readonly consumerBytesPerSecond?: number;
  /** Changes of that in order of time; 0 is a pause. @default none */
  readonly consumerRatesAt?: readonly RateChange[];
  /** Changes of the window's size in order of time. @default none */
  readonly windowSizesAt?: readonly (readonly [seconds: number, bytes: number])[];
  /** When the process stands still, and for how long: it notices nothing meanwhile. @default never */
  readonly standstills?: readonly Standstill[];
  /** Seed of all random numbers. @default 1 */
  readonly seed?: number;
  /** Virtual time after which the download is aborted; by default a day. */
  readonly limitSeconds?: number;
  /** Makes the links, in the order of `links`. @default links without a transport protocol */
  readonly connect?: (queue: EventQueue, seed: number) => readonly Link[];
  /** Called after every event, to check invariants. */
  readonly inspect?: (scheduler: Scheduler, nowMs: number) => void;
}

/** The outcome of a simulation. Times are in seconds. */
export interface Simulation {
  readonly scheduler: Scheduler;
  readonly events: readonly TraceEvent[];
  /** Requests, or parts of them, that were cancelled. */
  readonly cancels: readonly CancelEvent[];
  readonly error: SphttpError | undefined;
  readonly seconds: number;
  readonly firstByteSeconds: number;
  readonly longestStallSeconds: number;
  readonly peakHeldBytes: number;
  /** Wasted bytes, as the scheduler counts them. */
  readonly wastedBytes: number;
  /** Bytes ready in order over time, at most one point per millisecond. */
  readonly points: readonly DeliveryPoint[];
  /** Mean number of held bytes over the whole time. */
  readonly lagBytes: number;
  /** Number of requests, including probes. */
  readonly requestsSent: number;
  /** Number of requests among them that were refused. */
  readonly requestsRefused: number;
  /** Wasted bytes without the mirrors' first samples. */
  readonly duplicateBytes: number;
  /** Bytes that had to come again, as the window had shrunk. */
  readonly forgottenBytes: number;
  /** The versions of the file that were used behind the byte from which they differ. */
  readonly versions: ReadonlySet<string>;
  /** Bytes received from each mirror. */
  readonly bytesByMirror: readonly number[];
  /** Bytes among them that were used. */
  readonly usedBytesByMirror: readonly number[];
}
