/**
 * Records what is done to the files of a directory, in order: what a disk would have to do.
 *
 * @module
 */

import type { Workplace } from "../workplace.ts";

/** One change of a file, by its number, or of the names in the directory; or a sync of either. */
export type DiskStep =
  | { readonly type: "create"; readonly name: string; readonly file: number }
  | {
    readonly type: "write";
    readonly file: number;
    readonly at: number;
    readonly bytes: Uint8Array;
  }
  | { readonly type: "truncate"; readonly file: number; readonly size: number }
  | { readonly type: "sync"; readonly file: number }
  | { readonly type: "rename"; readonly from: string; readonly to: string }
  | { readonly type: "remove"; readonly name: string }
  | { readonly type: "sync names" };

/** The files at the beginning, and what was done since. */
export interface DiskLog {
  readonly files: ReadonlyMap<string, number>;
  readonly contents: ReadonlyMap<number, Uint8Array>;
  readonly steps: readonly DiskStep[];
}

/** Records what this process does in the directory, until it is disposed. */
export function recordDisk(place: Workplace): DiskLog & Disposable {
  const steps: DiskStep[] = [];
  const names = new Map(place.names().map((name, index) => [name, index]));
  const log = {
    files: new Map(names),
    contents: new Map([...names].map(([name, file]) => [file, place.read(name)])),
    steps,
  };
  let last = names.size;
  const { open, rename, remove } = Deno;
  const prototype = Deno.FsFile.prototype;
  const { write, truncate, sync, seek } = prototype;
  const opened = new WeakMap<Deno.FsFile, number | "directory">();
  const nameOf = (path: string | URL) => String(path).slice(place.path.length + 1);
  const isInside = (path: string | URL) => String(path).startsWith(place.path);
  Deno.open = async (path, options) => {
    const file = await open(path, options);
    if (!isInside(path)) return file;
    if (String(path) === place.path) opened.set(file, "directory");
    else {
      const name = nameOf(path);
      if (!names.has(name)) {
        names.set(name, ++last);
        steps.push({ type: "create", name, file: last });
      }
      opened.set(file, names.get(name)!);
    }
    return file;
  };
  Deno.rename = async (from, to) => {
    await rename(from, to);
    names.set(nameOf(to), names.get(nameOf(from))!);
    names.delete(nameOf(from));
    steps.push({ type: "rename", from: nameOf(from), to: nameOf(to) });
  };
  Deno.remove = async (path, options) => {
    await remove(path, options);
    names.delete(nameOf(path));
    steps.push({ type: "remove", name: nameOf(path) });
  };
  const fileOf = (file: Deno.FsFile): number | undefined => {
    const number = opened.get(file);
    return number === "directory" ? undefined : number;
  };
  prototype.write = async function (bytes) {
    const at = await seek.call(this, 0, Deno.SeekMode.Current);
    const count = await write.call(this, bytes);
    const file = fileOf(this);
    if (file !== undefined) steps.push({ type: "write", file, at, bytes: bytes.slice(0, count) });
    return count;
  };
  prototype.truncate = async function (size = 0) {
    await truncate.call(this, size);
    const file = fileOf(this);
    if (file !== undefined) steps.push({ type: "truncate", file, size });
  };
  // Nothing has to reach a real disk.
  prototype.sync = function () {
    const file = opened.get(this);
    if (file === "directory") steps.push({ type: "sync names" });
    else if (file !== undefined) steps.push({ type: "sync", file });
    return Promise.resolve();
  };
  return {
    ...log,
    [Symbol.dispose]() {
      Object.assign(Deno, { open, rename, remove });
      Object.assign(prototype, { write, truncate, sync });
    },
  };
}
