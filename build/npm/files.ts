/**
 * Files of Deno over descriptors of Node.js, and the errors of the system with Deno's classes.
 *
 * @module
 */

import * as fs from "node:fs";
import { createServer, type Server } from "node:net";
import process from "node:process";
import { promisify } from "node:util";

class NotFound extends Error {}
class BrokenPipe extends Error {}
class IsADirectory extends Error {}
class NotADirectory extends Error {}
class NotCapable extends Error {}
class NotSupported extends Error {}

export const errors = {
  ...{ NotFound, BrokenPipe, IsADirectory, NotADirectory },
  ...{ NotCapable, NotSupported },
};

/** The classes of errors by their codes. */
const CLASSES: Readonly<Record<string, new (message: string, options: ErrorOptions) => Error>> = {
  EINVAL: TypeError,
  EISDIR: IsADirectory,
  ENOENT: NotFound,
  ENOSYS: NotSupported,
  ENOTDIR: NotADirectory,
  ENOTSUP: NotSupported,
  EPIPE: BrokenPipe,
};

export const SeekMode = { Start: 0, Current: 1, End: 2 } as const;

/** Returns an error of Node.js as Deno has it, others as they are. */
function translated(error: unknown): unknown {
  if (!(error instanceof Error && "code" in error && "errno" in error)) return error;
  const { code, errno } = error as { code: string; errno: number };
  // `ENOENT: no such file or directory, open '/a/b'`
  const words = /^\w+: (.*?)(?:, \w+.*)?$/s.exec(error.message)?.[1] ?? error.message;
  const text = words.charAt(0).toUpperCase() + words.slice(1);
  const Class = CLASSES[code] ?? Error;
  const changed = new Class(`${text} (os error ${Math.abs(errno)})`, { cause: error });
  return Object.assign(changed, { code });
}

/** Does something that rejects with errors of Deno. */
export async function deno<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw translated(error);
  }
}

/** Does something that throws errors of Deno. */
export function denoSync<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw translated(error);
  }
}

/** Returns what Deno says of a file, as far as it is asked. */
export function fileInfo(stats: fs.Stats) {
  const { size, mode, dev, ino, mtime, atime } = stats;
  return {
    ...{ size, mode, dev, ino, mtime, atime },
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    isSymlink: stats.isSymbolicLink(),
  };
}

/** A stream that cannot take or give more now is asked again after this time, in milliseconds. */
const AGAIN_MS = 5;

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}

const read = promisify(fs.read);
const write = promisify(fs.write);
const forever = new Int32Array(new SharedArrayBuffer(4));

/** Reads and writes by a descriptor. */
export class DescriptorFile {
  readonly #fd: number;
  /** Where it is read and written next; `null` for a pipe or a device, which knows by itself. */
  #at: number | null;

  constructor(fd: number, { seekable }: { readonly seekable: boolean }) {
    this.#fd = fd;
    this.#at = seekable ? 0 : null;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (buffer.byteLength === 0) return 0;
    for (;;) {
      try {
        const { bytesRead } = await read(this.#fd, buffer, 0, buffer.byteLength, this.#at);
        this.#advance(bytesRead);
        return bytesRead === 0 ? null : bytesRead;
      } catch (error) {
        // How Windows says the end of a pipe.
        if (error instanceof Error && "code" in error && error.code === "EOF") return null;
        if (!isBusy(error)) throw translated(error);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    for (;;) {
      try {
        const { bytesWritten } = await write(this.#fd, bytes, 0, bytes.byteLength, this.#at);
        this.#advance(bytesWritten);
        return bytesWritten;
      } catch (error) {
        if (!isBusy(error)) throw translated(error);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  readSync(buffer: Uint8Array): number | null {
    const count = this.#now(() => fs.readSync(this.#fd, buffer, 0, buffer.byteLength, this.#at));
    return count === 0 ? null : count;
  }

  writeSync(bytes: Uint8Array): number {
    return this.#now(() => fs.writeSync(this.#fd, bytes, 0, bytes.byteLength, this.#at));
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      pull: async (controller) => {
        const buffer = new Uint8Array(64 * 1024);
        const count = await this.read(buffer);
        if (count !== null) return controller.enqueue(buffer.subarray(0, count));
        controller.close();
        this.end();
      },
      cancel: () => this.end(),
    }, { highWaterMark: 0 });
  }

  /** Called when nothing more is read. */
  protected end(): void {}

  protected seekTo(offset: number): void {
    if (this.#at !== null) this.#at = offset;
  }

  #now(work: () => number): number {
    for (;;) {
      try {
        const count = work();
        this.#advance(count);
        return count;
      } catch (error) {
        if (!isBusy(error)) throw translated(error);
        Atomics.wait(forever, 0, 0, AGAIN_MS);
      }
    }
  }

  #advance(count: number): void {
    if (this.#at !== null) this.#at += count;
  }
}

/** A file that was opened. */
export class FsFile extends DescriptorFile implements Disposable {
  readonly #fd: number;
  #lock: Server | undefined;
  #isClosed = false;

  constructor(fd: number) {
    super(fd, { seekable: fs.fstatSync(fd).isFile() });
    this.#fd = fd;
  }

  /** Seeks from the start: nothing else is needed. */
  seek(offset: number, _: typeof SeekMode.Start): Promise<number> {
    this.seekTo(offset);
    return Promise.resolve(offset);
  }

  stat() {
    return deno(async () => fileInfo(await promisify(fs.fstat)(this.#fd)));
  }

  sync(): Promise<void> {
    return deno(() => promisify(fs.fsync)(this.#fd));
  }

  truncate(size = 0): Promise<void> {
    return deno(() => promisify(fs.ftruncate)(this.#fd, size));
  }

  utime(atime: number | Date, mtime: number | Date): Promise<void> {
    return deno(() => promisify(fs.futimes)(this.#fd, atime, mtime));
  }

  /**
   * Node.js has no locks of files. A socket with the file's number as its name, which the system frees when the
   * process ends, keeps other processes of Node.js away. Elsewhere than on Linux and Windows, there are none.
   */
  async tryLock(_exclusive: boolean): Promise<boolean> {
    const { dev, ino } = fs.fstatSync(this.#fd, { bigint: true });
    const name = `sphttp-${dev}-${ino}`;
    const path = process.platform === "linux"
      ? `\0${name}`
      : process.platform === "win32"
      ? `\\\\.\\pipe\\${name}`
      : undefined;
    if (path === undefined) throw new NotSupported("no locks");
    const server = createServer((socket) => socket.destroy());
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject).listen(path, resolve);
      });
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return false;
      throw translated(error);
    }
    this.#lock = server.unref();
    return true;
  }

  unlockSync(): void {
    this.#lock?.close();
    this.#lock = undefined;
  }

  close(): void {
    if (this.#isClosed) throw new Error("the file is closed");
    this.#isClosed = true;
    this.unlockSync();
    denoSync(() => fs.closeSync(this.#fd));
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }

  protected override end(): void {
    this[Symbol.dispose]();
  }
}

function flagsOf(options: Deno.OpenOptions): number {
  const { read = false, write = false, create, createNew, truncate, append } = options;
  const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND } = fs.constants;
  const access = write || append ? (read ? O_RDWR : O_WRONLY) : O_RDONLY;
  return access | (create || createNew ? O_CREAT : 0) | (createNew ? O_EXCL : 0) |
    (truncate ? O_TRUNC : 0) | (append ? O_APPEND : 0);
}

export function open(path: string, options: Deno.OpenOptions = { read: true }): Promise<FsFile> {
  return deno(async () =>
    new FsFile(await promisify(fs.open)(path, flagsOf(options), options.mode ?? 0o666))
  );
}

export function openSync(path: string, options: Deno.OpenOptions = { read: true }): FsFile {
  return denoSync(() => new FsFile(fs.openSync(path, flagsOf(options), options.mode ?? 0o666)));
}
