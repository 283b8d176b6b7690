/**
 * Where the bytes go: stdout, a device, or a part file that gets its final name once it is complete
 * and verified. Whatever would keep a file from being written is found when it is opened, before
 * anything is downloaded.
 *
 * @module
 */

import type { KnownMirror } from "../../../mod.ts";
import { reason, writeError } from "../failure/file_error.ts";
import { openToWrite } from "../part/exclusive_file.ts";
import {
  type CompleteOptions,
  PartFile,
  type PartFileOptions,
  type WantedRange,
} from "../part/part_file.ts";
import type { FileFacts } from "../part/resume_record.ts";
import type { Target } from "./target.ts";

/** A target for the bytes of one file, opened. */
export interface Output extends Disposable {
  /** What messages call it. */
  readonly name: string;
  /** Its part file, where there is one. */
  readonly part: PartFile | undefined;
  /** Bytes from before that are continued. */
  readonly existing: number;
  /** It is known which bytes are wanted. Throws where those from before are others, or more. */
  expect(range: WantedRange): void;
  /** The download knows what the file is. Throws where bytes from before belong to another one. */
  begin(facts: FileFacts): void;
  /** More mirrors have answered since. Rejects as `begin` throws. */
  learn(mirrors: readonly KnownMirror[]): Promise<void>;
  /** Puts bytes behind those that are there already. */
  write(bytes: Uint8Array): Promise<void>;
  /** All bytes are there, and right. */
  complete(options?: CompleteOptions): Promise<void>;
  /** Waits until nothing is on its way any more; what goes wrong there is passed over. */
  settle(): Promise<void>;
  /** Gives it up and takes away what was written, where that can be. */
  remove(): Promise<void>;
}

/**
 * Opens a target. Rejects with exit code 23 where it cannot be written, and with 36 where a newer
 * sphttp has begun what is to be continued.
 */
export async function openTarget(
  target: Exclude<Target, { type: "present" }>,
  options: PartFileOptions,
): Promise<Output> {
  switch (target.type) {
    case "stdout":
      return new StreamOutput(target.name, Deno.stdout);
    case "device": {
      const { name, path } = target;
      const device = await openToWrite(name, () => Deno.open(path, { write: true }));
      return new StreamOutput(name, device, device);
    }
    case "file":
      return await PartFile.open(target, options);
  }
}

/** Stdout, a pipe, or a device: what is written cannot be taken back. */
class StreamOutput implements Output {
  readonly name: string;
  readonly part = undefined;
  readonly existing = 0;
  readonly #writer: Writer;
  readonly #owned: Disposable | undefined;

  constructor(name: string, writer: Writer, owned?: Disposable) {
    this.name = name;
    this.#writer = writer;
    this.#owned = owned;
  }

  expect(): void {}

  begin(): void {}

  learn(): Promise<void> {
    return Promise.resolve();
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      let written = await this.#writer.write(bytes);
      while (written < bytes.byteLength) {
        written += await this.#writer.write(bytes.subarray(written));
      }
    } catch (cause) {
      // Whoever read has had enough: nobody needs to be told.
      if (cause instanceof Deno.errors.BrokenPipe) throw writeError("", cause);
      throw writeError(`cannot write to ${this.name}: ${reason(cause)}`, cause);
    }
  }

  complete(): Promise<void> {
    return Promise.resolve();
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.dispose](): void {
    this.#owned?.[Symbol.dispose]();
  }
}

interface Writer {
  write(bytes: Uint8Array): Promise<number>;
}
