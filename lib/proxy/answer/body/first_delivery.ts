/**
 * The download of the client whose request causes the probe of a file. Where the body of its response
 * is sure to begin with byte 0, the download of that body is the probe, too: the mirrors are asked
 * once, which matters for links that can be used once, and for mirrors that think before they answer.
 * Other clients that wait for the probe get only what it finds out.
 *
 * @module
 */

import { type ByteRange, parseRange } from "../../../http/byte_range.ts";
import type { ResponseMemory } from "../../capacity/memory_budget.ts";
import type { Delivery, FileFacts } from "./delivery.ts";

/** Finds out about a file. The signal aborts when the result is no longer needed. */
export type OpenFile = (signal: AbortSignal) => Promise<FileFacts>;

/** A delivery with the memory of its response. */
export interface Started {
  readonly delivery: Delivery;
  readonly memory: ResponseMemory;
}

/** Conditions by which the response may have no body. */
const CONDITIONS = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];
/** The number of first bytes by which the engine compares mirrors, and which identify a file. */
const LEAST_LENGTH = 12 * 1024;

/**
 * Returns the end of what to download first for a request whose body begins with byte 0, `Infinity`
 * for the whole file; `undefined` if the body may begin elsewhere, or there may be none.
 */
export function firstEnd({ method, headers }: Request): number | undefined {
  if (method !== "GET" || CONDITIONS.some((name) => headers.has(name))) return undefined;
  const asked = parseRange(headers.get("range"), Number.MAX_SAFE_INTEGER);
  if (asked.type === "none") return Infinity;
  if (asked.type === "unsatisfiable") return undefined;
  const [range, ...more] = asked.ranges;
  if (more.length > 0 || range!.start > 0) return undefined;
  return range!.end === Number.MAX_SAFE_INTEGER ? Infinity : Math.max(LEAST_LENGTH, range!.end);
}

/** A delivery that is the probe as well; it is closed when disposed of, unless it was taken. */
export class FirstDelivery implements AsyncDisposable {
  readonly #end: number;
  readonly #create: (range: ByteRange | undefined) => Started;
  #started: Started | undefined;
  #opening: Promise<void> | undefined;
  #state: "new" | "opening" | "open" | "failed" = "new";

  /**
   * @param end where to end, as {@linkcode firstEnd} returns it
   * @param create creates a delivery of a range that begins with byte 0, or of the whole file
   */
  constructor(end: number, create: (range: ByteRange | undefined) => Started) {
    this.#end = end;
    this.#create = create;
  }

  /**
   * Creates the delivery, and returns how to open it.
   *
   * @throws {Problem} of status 503 when there is no memory for it
   */
  readonly prepare = (): OpenFile => {
    const started = this.#create(
      this.#end === Infinity ? undefined : { start: 0, end: this.#end },
    );
    this.#started = started;
    return (signal) => {
      const facts = started.delivery.open(signal);
      this.#state = "opening";
      this.#opening = facts.then(
        () => void (this.#state = "open"),
        () => void (this.#state = "failed"),
      );
      return facts;
    };
  };

  /**
   * Returns the delivery if it has the bytes of `range`, or of the whole file for `undefined`; the
   * caller has to close it then.
   *
   * @param size the size of the file, `undefined` if unknown
   */
  take(range: ByteRange | undefined, size: number | undefined): Started | undefined {
    const { start, end } = range ?? { start: 0, end: size ?? Infinity };
    if (this.#state !== "open" || start > 0 || end > this.#end) return undefined;
    const started = this.#started;
    this.#started = undefined;
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const started = this.#started;
    this.#started = undefined;
    if (started === undefined) return;
    const close = async () => {
      await started.delivery.close("cancelled");
      started.memory[Symbol.dispose]();
    };
    if (this.#state !== "opening") return await close();
    // The client has left, but others may be waiting for what it finds out.
    void this.#opening?.then(close);
  }
}
