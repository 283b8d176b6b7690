/**
 * A temporary directory and part files in it, for tests of resumption.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import type { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { PartFile } from "../../../lib/cli/part/part_file.ts";
import { resolveTarget } from "../../../lib/cli/output/target.ts";
import type { FileTarget } from "../../../lib/cli/part/file_target.ts";
import type { FileFacts } from "../../../lib/cli/part/resume_record.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

export const A = "http://a.example/f";
export const B = "http://b.example/f";

/** Makes a directory that is removed when disposed. */
export function workplace() {
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sphttp-part-" }));
  const read = (name: string) => Deno.readTextFileSync(`${path}/${name}`);
  return {
    path,
    file: `${path}/f`,
    part: `${path}/f.part`,
    record: `${path}/f.part.json`,
    read,
    mirrors: () => JSON.parse(read("f.part.json")).mirrors as unknown[],
    names: () => [...Deno.readDirSync(path)].map(({ name }) => name).sort(),
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

/** A directory of {@linkcode workplace}. */
export type Workplace = ReturnType<typeof workplace>;

/** The place that a command would have; `-o` unless the URL's name is to be taken. */
export async function fileTarget(
  { path, file }: Workplace,
  { fromUrl = false, keepExisting = false } = {},
): Promise<FileTarget> {
  const place = await resolveTarget({
    ...{ output: fromUrl ? undefined : file, directory: path, keepExisting },
    ...{ createDirectories: false, resume: false },
  }, A);
  if (place.type !== "file") throw new Error(`This is no file: ${place.type}`);
  return place;
}

/** Opens the part file in the directory. */
export async function open(
  place: Workplace,
  options: { resume?: boolean } = {},
): Promise<PartFile> {
  return await PartFile.open(await fileTarget(place), { resume: false, ...options });
}

/** Encodes a text. */
export const text = (value: string) => new TextEncoder().encode(value);

/** Returns the file facts of a download. */
export const facts = (size: number | undefined, etag?: string, url = A): FileFacts => ({
  info: { size, etag, lastModified: undefined, mirrors: [url] },
});

/** Returns a known mirror. */
export const known = (url: string, etag: string) => ({
  url,
  location: undefined,
  validators: { etag, lastModified: undefined, strong: etag },
});

/** Asserts that a promise rejects with an exit code; returns the message. */
export async function refuse(promise: Promise<unknown>, exitCode: ExitCode): Promise<string> {
  const error = await assertRejects(() => promise, CommandError) as CommandError;
  assertEquals(error.exitCode, exitCode, error.message);
  return error.message;
}

/** Writes the beginning of a file, as a download does that is killed afterwards. */
export async function leave(place: Workplace, bytes: string, facts: FileFacts): Promise<void> {
  using part = await open(place);
  part.begin(facts);
  await part.write(text(bytes));
  await part.settle();
}
