/**
 * Where the bytes go: stdout, a device, or a part file that gets its final name once it is complete
 * and verified. Whatever would keep a file from being written is found when it is opened, before
 * anything is downloaded.
 *
 * @module
 */

import { CommandError, ExitCode, usageError } from "./exit_code.ts";

/** A place for the bytes of one file. */
export interface Output extends Disposable {
  /** What messages call it. */
  readonly name: string;
  /** Its part file, where there is one. */
  readonly part: PartFile | undefined;
  /** Puts bytes behind those that are there already. */
  write(bytes: Uint8Array): Promise<void>;
  /** All bytes are there, and right. */
  complete(): Promise<void>;
}

/** The file name that a URL's path ends with, made safe; a usage error where there is none. */
export function nameFromUrl(url: string): string {
  const segment = URL.parse(url)?.pathname.split("/").at(-1) ?? "";
  let name = segment;
  try {
    name = decodeURIComponent(segment);
  } catch {
    // Not UTF-8: the name stays encoded.
  }
  name = name.replace(/[\p{Cc}\p{Zl}\p{Zp}/\\]/gu, "_");
  if (name === "" || name === "." || name === "..") {
    throw usageError("the first URL ends with no file name; -o FILE is needed");
  }
  return name;
}

/**
 * Opens the place for a download; resolves to `undefined` where there is nothing to continue,
 * because the file itself is there and no part file.
 *
 * @param given the value of `-o`, if there is one
 * @param name the file name to use otherwise; an existing file of that name is refused
 * @param resume whether a part file is continued
 */
export async function openOutput(
  given: string | undefined,
  name: () => string,
  resume: boolean,
): Promise<Output | undefined> {
  if (given === "-") return new StreamOutput("stdout", Deno.stdout);
  // A name that comes from a URL is never taken for stdout.
  const path = given ?? `./${name()}`;
  const shown = path.replace(/^\.\/(?!-$)/, "");
  const found = await stat(path, shown);
  if (found?.isDirectory || /[/\\]$/.test(path)) {
    throw writeError(`cannot write to ${shown}: ${found ? "it is a directory" : "no file name"}`);
  }
  if (found !== undefined && !found.isFile) {
    const device = await opening(shown, () => Deno.open(path, { write: true }));
    return new StreamOutput(shown, device, device);
  }
  // What a link points to is replaced, not the link.
  const target = found === undefined ? path : await Deno.realPath(path);
  const partPath = `${target}.part`;
  const part = await stat(partPath, `${shown}.part`);
  if (found !== undefined && resume && part === undefined) {
    return undefined;
  }
  if (found !== undefined && given === undefined) {
    throw writeError(
      `${shown} exists already; -o NAME to choose a name, -o ${shown} to replace it`,
    );
  }
  const file = await opening(
    shown,
    () => Deno.open(partPath, { read: true, write: true, create: true }),
  );
  return new PartFile(file, {
    path: target,
    name: shown,
    sizeBefore: part?.size,
    resume,
  });
}

/** What a part file is made of. */
interface PartFileOptions {
  /** The final path. */
  readonly path: string;
  /** What messages call the final path. */
  readonly name: string;
  /** Size of the part file that was found; `undefined` where there was none. */
  readonly sizeBefore: number | undefined;
  /** Whether that is continued. */
  readonly resume: boolean;
}

/** A file that grows under the name `FILE.part`. */
export class PartFile implements Output {
  /** What messages call the final file. */
  readonly name: string;
  /** What messages call the part file. */
  readonly partName: string;
  /** Bytes from before that are continued. */
  readonly existing: number;
  /** Whether bytes from before are started over. */
  readonly startsOver: boolean;
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #created: boolean;
  #touched = false;
  #open = true;

  constructor(file: Deno.FsFile, { path, name, sizeBefore, resume }: PartFileOptions) {
    this.name = name;
    this.partName = `${name}.part`;
    this.existing = resume ? sizeBefore ?? 0 : 0;
    this.startsOver = !resume && (sizeBefore ?? 0) > 0;
    this.#file = file;
    this.#path = path;
    this.#created = sizeBefore === undefined;
  }

  get part(): PartFile {
    return this;
  }

  /** Whether the part file has bytes that are worth keeping. */
  get kept(): boolean {
    return this.#touched || this.existing > 0;
  }

  /** The bytes from before, from `start` on. To be read to the end before the first write. */
  async *read(start: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    await this.#file.seek(start, Deno.SeekMode.Start);
    let left = this.existing - start;
    while (left > 0) {
      const buffer = new Uint8Array(Math.min(left, 256 * 1024));
      const count = await this.#file.read(buffer);
      if (count === null) throw new CommandError(ExitCode.RESUME, `${this.partName} got shorter`);
      left -= count;
      yield buffer.subarray(0, count);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      if (!this.#touched) await this.#begin();
      await writeAll(this.#file, bytes);
    } catch (cause) {
      throw writeError(`cannot write to ${this.partName}: ${reason(cause)}`, cause);
    }
  }

  async complete(): Promise<void> {
    try {
      if (!this.#touched) await this.#begin();
      this.#open = false;
      this.#file.close();
      await Deno.rename(`${this.#path}.part`, this.#path);
    } catch (cause) {
      throw writeError(`cannot rename ${this.partName} to ${this.name}: ${reason(cause)}`, cause);
    }
  }

  /** Closes the file; one that was made here and got no bytes is taken away again. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#file.close();
    if (this.#created && !this.#touched) Deno.removeSync(`${this.#path}.part`);
  }

  /** Bytes from before that are not continued stay until there are others. */
  async #begin(): Promise<void> {
    this.#touched = true;
    await this.#file.truncate(this.existing);
    await this.#file.seek(this.existing, Deno.SeekMode.Start);
  }
}

/** Stdout, a pipe, or a device: what is written cannot be taken back. */
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
      await writeAll(this.#writer, bytes);
    } catch (cause) {
      // Whoever read has had enough: nobody needs to be told.
      if (cause instanceof Deno.errors.BrokenPipe) throw writeError("", cause);
      throw writeError(`cannot write to ${this.name}: ${reason(cause)}`, cause);
    }
  }

  complete(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.dispose](): void {
    this.#owned?.[Symbol.dispose]();
  }
}

interface Writer {
  write(bytes: Uint8Array): Promise<number>;
}

async function writeAll(writer: Writer, bytes: Uint8Array): Promise<void> {
  let written = await writer.write(bytes);
  while (written < bytes.byteLength) written += await writer.write(bytes.subarray(written));
}

function writeError(message: string, cause?: unknown): CommandError {
  return new CommandError(ExitCode.WRITE, message, { cause });
}

async function stat(path: string, shown: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw writeError(`cannot write to ${shown}: ${reason(cause)}`, cause);
  }
}

async function opening(shown: string, open: () => Promise<Deno.FsFile>): Promise<Deno.FsFile> {
  try {
    return await open();
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    const why = missing ? "its directory does not exist" : reason(cause);
    throw writeError(`cannot write to ${shown}: ${why}`, cause);
  }
}

/** What the system said, without the path and the call that Deno adds. */
export function reason(cause: unknown): string {
  if (cause instanceof Deno.errors.NotCapable) return "Deno may not; allow it with deno run -A";
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.replace(/: (?:open|stat|rename|write|readfile|writefile) '.*$/s, "");
}
