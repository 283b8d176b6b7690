/**
 * Conditions under which a file is downloaded: `--time-cond` and `--etag-compare`, as in curl. They go
 * with the first request to each mirror; a server that ignores them is found out by what it says of the
 * file. Also `--etag-save`.
 *
 * @module
 */

import { type FileInfo, NoMirrorLeftError } from "../../../../mod.ts";
import { usageError } from "../../../command_line/command_error.ts";
import { parseHttpDateLeniently } from "../../../http/http_date.ts";
import { matchesWeakly } from "../../../http/validators.ts";
import { reason, writeError } from "../../failure/exit_code.ts";
import { replaceFile } from "../../part/durable_file.ts";
import { stat } from "../../part/file_target.ts";
import { directoryOf } from "../../part/path.ts";
import type { ConditionOptions, TimeCondition } from "../../arguments/conditions.ts";

/** A file is not downloaded, because a condition is not met. */
export class UnmetCondition extends Error {
  override name = "UnmetCondition";
}

/** Statuses by which a server says that a condition is not met: Not Modified, Precondition Failed. */
const UNMET = [304, 412];

interface ResolvedTime {
  /** In milliseconds since 1970. */
  readonly time: number;
  readonly older: boolean;
}

export class Conditions {
  readonly #etag: string | undefined;
  readonly #time: ResolvedTime | undefined;
  readonly #save: string | undefined;

  private constructor(
    etag: string | undefined,
    time: ResolvedTime | undefined,
    save: string | undefined,
  ) {
    this.#etag = etag;
    this.#time = time;
    this.#save = save;
  }

  /**
   * Reads the files that the options name. Rejects with a usage error if one cannot be read, and with
   * exit code 23 if the entity tag could not be saved.
   */
  static async of(options: ConditionOptions, note: (text: string) => void): Promise<Conditions> {
    const { time, etagCompare, etagSave } = options;
    const etag = etagCompare === undefined ? undefined : await readEtag(etagCompare, note);
    const resolved = time === undefined ? undefined : await resolveTime(time, note);
    if (etagSave !== undefined) await checkWritable(etagSave);
    return new Conditions(etag, resolved, etagSave);
  }

  /** The headers of first requests. */
  get headers(): [name: string, value: string][] {
    const headers: [string, string][] = [];
    if (this.#etag !== undefined) headers.push(["If-None-Match", this.#etag]);
    if (this.#time !== undefined) {
      const { older, time } = this.#time;
      const date = new Date(time).toUTCString();
      headers.push([older ? "If-Unmodified-Since" : "If-Modified-Since", date]);
    }
    return headers;
  }

  /**
   * Checks what the mirrors say of the file, for servers that ignore conditions.
   *
   * @throws {UnmetCondition} the file is not to be downloaded
   */
  check({ etag, lastModified }: FileInfo): void {
    if (this.#etag !== undefined) {
      // A server that knows the condition has compared the tag, weakly (RFC 9110 section 13.1.2), and
      // would have answered 304.
      if (matchesWeakly(etag, this.#etag)) throw this.#unmet();
      return;
    }
    const modified = parseHttpDateLeniently(lastModified ?? "", Date.now());
    if (this.#time === undefined || modified === undefined) return;
    const { older, time } = this.#time;
    if (older ? modified > time : modified <= time) throw this.#unmet();
  }

  /** Returns an {@linkcode UnmetCondition} if an error says the same, else `undefined`. */
  unmetBy(error: unknown): UnmetCondition | undefined {
    if (error instanceof UnmetCondition) return error;
    if (this.headers.length === 0 || !(error instanceof NoMirrorLeftError)) return undefined;
    // A mirror that failed otherwise may have something newer.
    const unmet = error.cause.every(({ status }) => status !== undefined && UNMET.includes(status));
    return unmet && error.cause.length > 0 ? this.#unmet() : undefined;
  }

  /** Saves the entity tag of a complete file; an empty file if there is none. */
  async save({ etag }: FileInfo): Promise<void> {
    if (this.#save === undefined) return;
    try {
      await replaceFile(this.#save, etag === undefined ? "" : `${etag}\n`);
    } catch (cause) {
      throw writeError(`cannot save the ETag: ${reason(cause)}`, cause);
    }
  }

  #unmet(): UnmetCondition {
    if (this.#etag !== undefined) return new UnmetCondition(`the ETag is still ${this.#etag}`);
    const { older, time } = this.#time!;
    const date = new Date(time).toUTCString();
    return new UnmetCondition(`the file is ${older ? "" : "not "}newer than ${date}`);
  }
}

async function readEtag(
  path: string,
  note: (text: string) => void,
): Promise<string | undefined> {
  let text: string;
  try {
    text = (await Deno.readTextFile(path)).trim();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw usageError(`--etag-compare: ${path}: ${reason(error)}`);
    }
    note(`${path} does not exist; the file is downloaded whatever its ETag`);
    return undefined;
  }
  if (/[^\t\x20-\x7e\x80-\xff]/.test(text)) {
    throw usageError(`--etag-compare: ${path}: not an ETag`);
  }
  return text === "" ? undefined : text;
}

async function resolveTime(
  { date, text, older }: TimeCondition,
  note: (text: string) => void,
): Promise<ResolvedTime | undefined> {
  if (date !== undefined) return { time: date, older };
  const found = await Deno.stat(text).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) {
      throw usageError(`--time-cond: ${text}: ${reason(error)}`);
    }
  });
  if (found?.mtime) {
    // Dates of HTTP have whole seconds.
    return { time: Math.floor(found.mtime.getTime() / 1000) * 1000, older };
  }
  note(`--time-cond: ${text} is neither a date nor a file; the file is downloaded in any case`);
  return undefined;
}

async function checkWritable(path: string): Promise<void> {
  const found = await stat(path, path);
  const directory = await stat(directoryOf(path), path);
  if (found?.isDirectory) throw writeError(`--etag-save: ${path}: is a directory`);
  if (found === undefined && !directory?.isDirectory) {
    throw writeError(`--etag-save: ${path}: its directory does not exist`);
  }
}
