/**
 * Opens a target for writing: stdout, a device, or a part file that gets its final name when it is
 * complete and verified. Opening finds what would prevent writing before anything is downloaded.
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

/** A target that is open for the bytes of one file. */
export interface Output extends Disposable {
  /** Its name in messages. */
  readonly name: string;
  /** Its part file, if it has one. */
  readonly part: PartFile | undefined;
  /** Existing bytes that are continued. */
  readonly existing: number;
  /** Sets the range to download. Throws if existing bytes do not fit it. */
  expect(range: WantedRange): void;
  /** Sets what is known about the file. Throws if existing bytes belong to another file. */
  begin(facts: FileFacts): void;
  /** Adds what further mirrors reported. Rejects if existing bytes belong to another file. */
  learn(mirrors: readonly KnownMirror[]): Promise<void>;
  /** Appends bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** Finishes a complete and verified file. */
  complete(options?: CompleteOptions): Promise<void>;
  /** Waits for pending writes; ignores their errors. */
  settle(): Promise<void>;
  /** Abandons the file and removes what was written, if possible. */
  remove(): Promise<void>;
}

/**
 * Opens a target. Rejects with exit code 23 if it cannot be written, and with 36 if a newer sphttp
 * began the part file that is to be continued.
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

/** Stdout, a pipe, or a device: written bytes cannot be removed. */
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
      // The reader has closed the pipe: no message.
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
