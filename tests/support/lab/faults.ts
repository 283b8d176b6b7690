/**
 * The faults of a mirror, as plain data that can be sent as JSON to a lab in another process, and the plan that selects
 * the fault of a request.
 *
 * @module
 */

/** Which requests a fault affects. */
export interface FaultWhen {
  /** Index of the first affected request on this mirror. @default 0 */
  from?: number;
  /** Number of affected requests. @default all */
  count?: number;
}

/** A fault and the requests that it affects. `afterBytes` counts bytes of the body of one response. */
export type Fault =
  & (
    /** TCP RST in the body. The client may lose bytes that it has not read yet. */
    | { kind: "reset"; afterBytes: number }
    /** An orderly close before Content-Length is reached. */
    | { kind: "truncate"; afterBytes: number }
    /** Silence on an open connection; with `beforeHeaders`, instead of a response. */
    | { kind: "stall"; afterBytes?: number; beforeHeaders?: boolean }
    /** A response with this status; `retryAfter` is its Retry-After field. */
    | { kind: "status"; status: number; retryAfter?: string; body?: string }
    /** A 206 whose Content-Range is missing or does not match the request. */
    | { kind: "wrong-range"; variant: WrongRange }
    /** 200 with the whole file. */
    | { kind: "ignore-range" }
    /** A delayed response. */
    | { kind: "slow-headers"; delayMs: number }
    /** Content-Encoding: gzip, whatever the client accepts. */
    | { kind: "compress" }
    /** A body longer than Content-Range; Content-Length counts the extra bytes. */
    | { kind: "longer"; extraBytes: number }
    /** At most `bytes` of the range, with matching Content-Range and Content-Length. */
    | { kind: "shorter"; bytes: number }
    /** Closes the connection when it is accepted, or instead of a response. */
    | { kind: "refuse" }
  )
  & FaultWhen;

/**
 * How a Content-Range is wrong: missing, another range (and its bytes), another unit, another complete
 * length, last before first, or a multipart/byteranges body instead.
 */
export type WrongRange = "missing" | "shifted" | "unit" | "total" | "inverted" | "multipart";

/** Selects the fault of each request. */
export class FaultPlan {
  readonly #entries: { fault: Fault; hits: number }[];

  constructor(faults: readonly Fault[]) {
    this.#entries = faults.map((fault) => ({ fault, hits: 0 }));
  }

  /**
   * Returns the first fault that affects a request, and counts it.
   *
   * @param index index of the request on its mirror
   * @param kind only this kind; if the first fault is another one, returns `undefined`
   */
  strike(index: number, kind?: Fault["kind"]): Fault | undefined {
    for (const entry of this.#entries) {
      const { fault, hits } = entry;
      const { from = 0, count = Infinity } = fault;
      if (index < from || hits >= count) continue;
      if (kind !== undefined && fault.kind !== kind) return undefined;
      entry.hits++;
      return fault;
    }
    return undefined;
  }
}
