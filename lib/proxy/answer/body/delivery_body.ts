/**
 * The bytes of a delivery as the body of a response, or of one part of it. The download ends with the body,
 * however that ends, and before the client has the last byte.
 *
 * @module
 */

import type { ResponseMemory } from "../../capacity/memory_budget.ts";
import type { BodyListener, BodyOutcome } from "../../observe/request_log.ts";
import { asIncomplete, IncompleteResponse } from "../../problem.ts";
import type { Bytes, PartSource } from "./part_source.ts";

/** Where the bytes come from. */
export interface DeliverySteps {
  next(): Promise<IteratorResult<Bytes, undefined>>;
  release(part: Bytes): void;
  /** Takes what was learned of the file: all bytes of the body have come. */
  learn(): Promise<void>;
  close(outcome: BodyOutcome): Promise<void>;
  /** Called before it is closed because it has failed. */
  failed(error: unknown): void;
}

export class DeliveryBody implements PartSource {
  readonly #steps: DeliverySteps;
  readonly #memory: ResponseMemory;
  readonly #listener: BodyListener;
  #missing: number;
  #outcome: BodyOutcome | undefined;
  onBreak: (error: unknown) => void = () => {};

  /** @param length how many bytes it has, `Infinity` for all that come */
  constructor(
    steps: DeliverySteps,
    memory: ResponseMemory,
    listener: BodyListener,
    length: number,
  ) {
    this.#steps = steps;
    this.#memory = memory;
    this.#listener = listener;
    this.#missing = length;
    memory.onEnd = () => {
      const why = "the client took nothing for too long, and others were waiting";
      this.onBreak(new IncompleteResponse(why));
      void this.#end("cancelled");
    };
    memory.takenAt = performance.now();
  }

  async next(): Promise<Bytes | undefined> {
    if (this.#outcome === "complete") return undefined;
    if (this.#outcome !== undefined) throw new IncompleteResponse("the body has ended early");
    this.#memory.takenAt = Infinity;
    try {
      const { done, value } = await this.#steps.next();
      if (done) {
        await this.#end("complete");
        return undefined;
      }
      const part = value.byteLength > this.#missing ? value.subarray(0, this.#missing) : value;
      this.#missing -= part.byteLength;
      if (this.#missing === 0) await this.#steps.learn();
      this.#listener.sent(part.byteLength);
      this.#memory.takenAt = performance.now();
      // Nothing is left running when the client has its last byte.
      if (this.#missing === 0) await this.#end("complete");
      return part;
    } catch (error) {
      this.#steps.failed(error);
      await this.#end("failed");
      // The client sees the body fail: an incomplete file never ends cleanly.
      throw asIncomplete(error);
    }
  }

  release(part: Bytes): void {
    this.#steps.release(part);
  }

  cancel(): Promise<void> {
    return this.#end("cancelled");
  }

  async #end(outcome: BodyOutcome): Promise<void> {
    const isFirst = this.#outcome === undefined;
    this.#outcome ??= outcome;
    await this.#steps.close(outcome);
    if (isFirst) this.#listener.ended(outcome);
  }
}
