/**
 * Lists the files of a Metalink as files of a command. Their mirrors are named by the Metalink, not by
 * the user: credentials and cookies that are given for the server of the Metalink are not sent to them.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../../mod.ts";
import { usageError } from "../../../command_line/command_error.ts";
import { withoutSecrets } from "../../../http/address/credentials.ts";
import type { DownloadArguments } from "../../arguments/download_arguments.ts";
import { Login, loginOfOthers } from "../../arguments/credentials/login.ts";
import { isMetalinkName, type MetalinkArguments } from "../../arguments/sources/metalink_flags.ts";
import { validate } from "../../arguments/validate.ts";
import { metalinkEntries } from "../../metalink/metalink_entries.ts";
import { readMetalink } from "../../metalink/metalink_source.ts";
import { reserveOf } from "../../mirrors/spares.ts";
import type { FileTask } from "./file_task.ts";
import { fileChecks } from "../checks/file_checks.ts";

/** Returns the wanted files of a Metalink, in its order. Rejects with an error of the command. */
export async function metalinkTasks(
  command: DownloadArguments,
  { source, ...wanted }: MetalinkArguments,
  { signal, ...options }: DownloaderOptions & { readonly signal: AbortSignal },
): Promise<FileTask[]> {
  const login = await Login.of(command.login);
  const metalink = await readMetalink(login.apply(source), { ...options, signal });
  const entries = metalinkEntries(metalink, wanted);
  if (entries.length > 1) checkSeveral(command);
  const others = await Login.of(loginOfOthers(command.login));
  const headers = withoutSecrets(options.headers);
  const own = { ...options, headers };
  const checks = await fileChecks(command, { ...options, signal }, [source]);
  const tasks = entries.map(({ name, size, checksums, pieces, ...entry }, number): FileTask => {
    const apply = (list: readonly string[]) => list.map((url) => others.apply(url));
    const [urls, spares] = [apply(entry.urls), apply(entry.spares)];
    return {
      number,
      of: entries.length,
      name: command.target.output ?? name,
      urls,
      reserve: reserveOf(spares),
      notes: [],
      // Folders that the Metalink names are its own, below that of the user.
      target: {
        ...command.target,
        name,
        createDirectories: command.target.createDirectories || name.includes("/"),
      },
      range: command.range,
      conditions: command.conditions,
      checksums: [
        ...command.checksums,
        // A part of a file has another one.
        ...command.range === undefined ? checksums : [],
        ...checks?.listed([name]) ?? [],
      ],
      findChecks: checks?.finder(urls, [name], own, entry.signature),
      options: {
        ...own,
        expectedSize: size,
        // Pieces that are only partly wanted could not be proved.
        expectedPieces: command.range === undefined ? pieces : undefined,
      },
      ifMetalink: isMetalinkName(name) ? "save" : "refuse",
    };
  });
  for (const { urls, options } of tasks) validate(urls, options, command.places);
  return tasks;
}

/** Refuses arguments that are for one file. */
function checkSeveral(
  { target, checksums, range, traceFile, conditions }: DownloadArguments,
): void {
  const given: readonly (readonly [flag: string, isGiven: boolean])[] = [
    ["--output", target.output !== undefined],
    ["--checksum", checksums.length > 0],
    ["--range", range !== undefined],
    ["--trace", traceFile !== undefined],
    ["--etag-compare", conditions.etagCompare !== undefined],
    ["--etag-save", conditions.etagSave !== undefined],
  ];
  for (const [flag, isGiven] of given) {
    if (!isGiven) continue;
    throw usageError(
      `${flag} cannot be used with a Metalink of several files; use --select-file NAME for one of them`,
    );
  }
}
