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
import { workplace } from "../workplace.ts";

export const A = "http://a.example/f";
export const B = "http://b.example/f";

/** Makes a directory for a file, its part and its record. */
export function partWorkplace(name = "f") {
  const place = workplace();
  return {
    ...place,
    file: place.at(name),
    part: place.at(`${name}.part`),
    record: place.at(`${name}.part.json`),
    mirrors: () => JSON.parse(place.readText(`${name}.part.json`)).mirrors as unknown[],
  };
}

/** A directory of {@linkcode partWorkplace}. */
export type PartWorkplace = ReturnType<typeof partWorkplace>;

/** The place that a command would have; `-o` unless the URL's name is to be taken. */
export async function fileTarget(
  { path, file }: PartWorkplace,
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
  place: PartWorkplace,
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
export async function leave(
  place: PartWorkplace,
  bytes: string | Uint8Array<ArrayBuffer>,
  facts: FileFacts,
): Promise<void> {
  using part = await open(place);
  part.begin(facts);
  await part.write(typeof bytes === "string" ? text(bytes) : bytes);
  await part.settle();
}
