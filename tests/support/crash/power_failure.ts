/**
 * What a disk may hold after the power failed. The rules are those of POSIX, less one: names change in the
 * order in which they were changed, as every file system with a journal has it. Of what was written to a file
 * since it was synced, any block may be missing, and then reads as zeros; names may be those of any time
 * since the directory was synced.
 *
 * @module
 */

import type { DiskLog, DiskStep } from "./disk_log.ts";

const BLOCK = 4096;

/** Returns what the disk may hold if the power fails before the step of that number. */
export function afterPowerFailure(
  { files, contents, steps }: DiskLog,
  before: number,
  random: () => number,
): Map<string, Uint8Array> {
  const done = steps.slice(0, before);
  const names = new Map(files);
  const syncedNames = done.findLastIndex(({ type }) => type === "sync names") + 1;
  const upTo = syncedNames + Math.floor(random() * (done.length - syncedNames + 1));
  for (const step of done.slice(0, upTo)) changeNames(names, step);
  return new Map(
    [...names].map(([name, file]) => {
      const own = done.filter((step) => "file" in step && step.file === file);
      const synced = own.findLastIndex(({ type }) => type === "sync") + 1;
      const sure = change(contents.get(file) ?? new Uint8Array(), own.slice(0, synced));
      return [name, lose(sure, own.slice(synced), random)];
    }),
  );
}

function changeNames(names: Map<string, number>, step: DiskStep): void {
  if (step.type === "create") names.set(step.name, step.file);
  if (step.type === "remove") names.delete(step.name);
  if (step.type !== "rename") return;
  names.set(step.to, names.get(step.from)!);
  names.delete(step.from);
}

/** Returns a file after some steps. */
function change(bytes: Uint8Array, steps: readonly DiskStep[]): Uint8Array {
  for (const step of steps) {
    if (step.type === "truncate") bytes = resized(bytes, step.size);
    if (step.type !== "write") continue;
    bytes = resized(bytes, Math.max(bytes.byteLength, step.at + step.bytes.byteLength));
    bytes.set(step.bytes, step.at);
  }
  return bytes;
}

/** Returns what may have come of steps that were not synced: nothing, the first of them, or all but some blocks. */
function lose(sure: Uint8Array, unsure: readonly DiskStep[], random: () => number): Uint8Array {
  if (unsure.length === 0) return sure;
  const some = unsure.slice(0, Math.floor(random() * (unsure.length + 1)));
  const bytes = change(sure, some).slice();
  if (random() < 0.5) return bytes;
  const share = random();
  for (let block = 0; block < bytes.byteLength; block += BLOCK) {
    if (random() >= share) continue;
    const end = Math.min(block + BLOCK, bytes.byteLength);
    bytes.fill(0, block, end);
    bytes.set(sure.subarray(block, end), block);
  }
  return bytes;
}

function resized(bytes: Uint8Array, size: number): Uint8Array {
  const copy = new Uint8Array(size);
  copy.set(bytes.subarray(0, size));
  return copy;
}
