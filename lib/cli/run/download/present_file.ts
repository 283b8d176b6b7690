/**
 * `-C -` when the file exists and no part file does: checks whether it is complete, by its checksum or
 * signature, or else by the size that the mirrors report. The file is never changed.
 *
 * @module
 */

import { CommandError } from "../../../command_line/command_error.ts";
import { ExitCode, readError, reason } from "../../failure/exit_code.ts";
import { explain } from "../../failure/failure.ts";
import { type Checks, isVerifiable } from "../checks/checks.ts";
import type { FileContext, FileTask } from "../tasks/file_task.ts";
import { FileVerifier } from "../checks/file_verifier.ts";
import type { Target } from "../../output/target.ts";
import { openSparing } from "../../part/spare_descriptors.ts";
import { askSize } from "./find_range.ts";

/** Reports that a file is complete. Rejects with a {@linkcode CommandError} if it is not. */
export async function verifyPresent(
  { path, name }: Extract<Target, { type: "present" }>,
  task: FileTask,
  checks: Checks,
  context: FileContext,
): Promise<void> {
  const { report } = context;
  const { size: existing } = await Deno.stat(path);
  const done = (why: string) => {
    const { urls } = task;
    const names = checks.checksums.map(({ name }) => name);
    const nothing = { elapsedMs: 0, bytesPerSecond: 0, sources: 0, mirrors: urls.length };
    const result = { name, bytes: existing, existing, ...nothing, checksums: names };
    report.present(result, `${name} already exists${why}`);
  };
  const { checksums, signature } = checks;
  if (isVerifiable(checks)) {
    await verifyContents({ path, name, size: existing }, checks, context);
    const signed = signature && `is signed by ${signature.signer}`;
    const why = checksums.length === 0 ? signed : "its checksum matches";
    return done(`, and ${why}; nothing to do`);
  }
  const wanted = await wantedBytes(task, context);
  if (wanted === undefined) {
    return done("; no mirror reports a size to compare it with");
  }
  if (existing === wanted) {
    return done(
      ", and has the expected size; use --checksum to verify its contents",
    );
  }
  const advice = existing < wanted
    ? `if it is the beginning of this file, rename it to ${name}.part and run the command again`
    : "omit -C - to replace it";
  throw new CommandError(
    ExitCode.RESUME,
    `${name} already exists with ${existing} bytes instead of ${wanted}; ${advice}`,
  );
}

async function verifyContents(
  { path, name, size }: { readonly path: string; readonly name: string; readonly size: number },
  checks: Checks,
  { signal, report }: FileContext,
): Promise<void> {
  await using verifier = await FileVerifier.of(checks, size);
  try {
    const file = await openSparing(() => Deno.open(path));
    let position = 0;
    for await (const bytes of file.readable) {
      signal.throwIfAborted();
      await verifier.update(bytes);
      position += bytes.byteLength;
      report.rereading(position / size);
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw readError(`cannot read ${name}: ${reason(cause)}`, cause);
  }
  await verifier.verify(`; ${name} is unchanged`);
}

/** Returns the number of bytes to download, or `undefined` if no mirror reports a size. */
async function wantedBytes(
  { urls, range }: FileTask,
  { signal, options }: FileContext,
): Promise<number | undefined> {
  try {
    const { size } = await askSize(urls, { ...options, signal });
    if (size === undefined || range === undefined) return size;
    if ("last" in range) return Math.min(size, range.last);
    return Math.max(0, Math.min(size, range.end ?? size) - range.start);
  } catch (error) {
    throw await explain(error, { caCerts: options.caCerts, proxy: options.proxy });
  }
}
