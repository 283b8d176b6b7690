/**
 * Opens a target for writing: stdout, a device, or a part file that gets its final name when it is
 * complete and verified. Opening finds what would prevent writing before anything is downloaded.
 *
 * @module
 */

import { reason, writeError } from "../failure/exit_code.ts";
import { openToWrite } from "../part/exclusive_file.ts";
import { PartFile } from "../part/part_file.ts";
import type { Target, TargetOptions } from "./target.ts";

/** A target that is open for the bytes of one file. */
export interface Output extends Disposable {
  /** Its name in messages. */
  readonly name: string;
  /** Its part file, if it has one. */
  readonly part: PartFile | undefined;
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * Opens a target. Rejects with exit code 23 if it cannot be written, and with 36 if a newer sphttp
 * began the part file that is to be continued.
 */
export async function openTarget(
  target: Exclude<Target, { type: "present" }>,
  options: Pick<TargetOptions, "resume">,
): Promise<Output> {
  switch (target.type) {
    case "stdout":
      if (mayBeClosed()) {
        throw writeError(
          "cannot write to stdout: it is closed, or the null device; to discard the bytes, " +
            "use -o /dev/null",
        );
      }
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

/** O_ACCMODE and O_RDWR of open(2). */
const [ACCESS_MODE, READ_AND_WRITE] = [3, 2];

/**
 * Reports whether the process was started without stdout (`>&-` in a shell). The runtime opens `/dev/null`
 * in its place then, for reading and writing, where a shell's `>/dev/null` opens it for writing only; programs
 * that start others may give them one that looks like that. Returns false where the system does not say.
 */
function mayBeClosed(): boolean {
  try {
    // No prompt.
    const { state } = Deno.permissions.querySync({ name: "read", path: "/proc/self/fd/1" });
    if (state !== "granted") return false;
    if (Deno.readLinkSync("/proc/self/fd/1") !== "/dev/null") return false;
    const flags = /^flags:\s*([0-7]+)$/m.exec(Deno.readTextFileSync("/proc/self/fdinfo/1"))?.[1];
    return flags !== undefined && (parseInt(flags, 8) & ACCESS_MODE) === READ_AND_WRITE;
  } catch {
    return false;
  }
}

/** Stdout, a pipe, or a device: written bytes cannot be removed. */
class StreamOutput implements Output {
  readonly name: string;
  readonly part = undefined;
  readonly #writer: Writer;
  readonly #owned: Disposable | undefined;

  constructor(name: string, writer: Writer, owned?: Disposable) {
    this.name = name;
    this.#writer = writer;
    this.#owned = owned;
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let rest = bytes; rest.byteLength > 0;) {
        rest = rest.subarray(await this.#writer.write(rest));
      }
    } catch (cause) {
      // The reader has closed the pipe: no message.
      if (cause instanceof Deno.errors.BrokenPipe) throw writeError("", cause);
      throw writeError(`cannot write to ${this.name}: ${reason(cause)}`, cause);
    }
  }

  [Symbol.dispose](): void {
    this.#owned?.[Symbol.dispose]();
  }
}

interface Writer {
  write(bytes: Uint8Array): Promise<number>;
}
