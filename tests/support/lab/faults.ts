/**
 * What can go wrong with a mirror, as plain data (it also travels as JSON to a lab in another process), and the plan
 * that says which fault a request meets.
 *
 * @module
 */

/** When a fault strikes. */
export interface FaultWhen {
  /** Index of the first request on this mirror that it may hit. @default 0 */
  from?: number;
  /** How many requests it hits. @default all */
  count?: number;
}

/** A fault and when it strikes. Offsets (`afterBytes`) count bytes of the body of one response. */
export type Fault =
  & (
    /** TCP RST in the middle of the body. What the client has not read yet may be lost with it. */
    | { kind: "reset"; afterBytes: number }
    /** The connection is closed in order, but before Content-Length is reached. */
    | { kind: "truncate"; afterBytes: number }
    /** Then nothing any more, and the connection stays open; `beforeHeaders`: not even headers. */
    | { kind: "stall"; afterBytes?: number; beforeHeaders?: boolean }
    /** An answer of this status; `retryAfter` is the value of its Retry-After field. */
    | { kind: "status"; status: number; retryAfter?: string; body?: string }
    /** A 206 whose Content-Range is absent or says something else than was asked. */
    | { kind: "wrong-range"; variant: WrongRange }
    /** 200 and the whole file, whatever was asked. */
    | { kind: "ignore-range" }
    /** The response leaves that much later, in milliseconds. */
    | { kind: "slow-headers"; delayMs: number }
    /** Content-Encoding: gzip, and the asked bytes gzipped, whatever the client accepts. */
    | { kind: "compress" }
    /** That many bytes more than Content-Range says; Content-Length counts them. */
    | { kind: "longer"; extraBytes: number }
    /** At most `bytes` of what was asked; Content-Range and Content-Length say so honestly. */
    | { kind: "shorter"; bytes: number }
    /** Accepts the connection and closes it at once; on a kept connection, instead of an answer. */
    | { kind: "refuse" }
  )
  & FaultWhen;

/**
 * How a Content-Range is wrong: absent, another start (with the bytes of that place), another unit, another complete
 * length, last before first, or a multipart/byteranges body instead.
 */
export type WrongRange = "missing" | "shifted" | "unit" | "total" | "inverted" | "multipart";

/** Counts which fault has hit how often. */
export class FaultPlan {
  readonly #entries: { fault: Fault; hits: number }[];

  constructor(faults: readonly Fault[]) {
    this.#entries = faults.map((fault) => ({ fault, hits: 0 }));
  }

  /**
   * The first fault that strikes, which counts as one hit of it.
   *
   * @param index of the request on its mirror
   * @param kind only a fault of this kind: any other that comes first leaves the request alone for now
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
