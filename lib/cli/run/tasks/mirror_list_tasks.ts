/**
 * Makes a file of a command from a list of its mirrors: the fastest are used, others are spares. The list
 * names the mirrors, not the user: credentials and cookies of the command are for its server only.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../../mod.ts";
import { usageError } from "../../../command_line/command_error.ts";
import { readStdin } from "../../../command_line/values.ts";
import { withoutSecrets } from "../../../http/address/credentials.ts";
import { redactUrl } from "../../../http/address/redact.ts";
import { unlessAborted } from "../../../unless_aborted.ts";
import type { DownloadArguments } from "../../arguments/download_arguments.ts";
import { Login, loginOfOthers } from "../../arguments/credentials/login.ts";
import type { MirrorListArguments } from "../../arguments/sources/mirror_list_flags.ts";
import { validate } from "../../arguments/validate.ts";
import { readDocument } from "../../document/document.ts";
import { isFolder, parseMirrorList } from "../../mirrors/mirror_list.ts";
import { race } from "../../mirrors/race.ts";
import { type Reserve, reserveOf } from "../../mirrors/spares.ts";

/** The mirrors of a file. */
export interface RankedMirrors {
  /** URLs of those to use, including credentials, the fastest first. */
  readonly urls: readonly string[];
  /** Those that follow, in reserve. */
  readonly reserve: Reserve | undefined;
  /** Options by which they are requested. */
  readonly options: DownloaderOptions;
  /** Messages about the choice. */
  readonly notes: readonly string[];
}

/** The most bytes of a list. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Finds the fastest mirrors of a list. Rejects with an error of the command. */
export async function rankedMirrors(
  command: DownloadArguments,
  { source, path, maxMirrors, spareMirrors }: MirrorListArguments,
  { signal, ...options }: DownloaderOptions & { readonly signal: AbortSignal },
): Promise<RankedMirrors> {
  const login = await Login.of(command.login);
  const { text, where } = await readList(source, login, { ...options, signal });
  const listed = parseMirrorList(text, where, path);
  const folders = path === undefined ? listed.urls.filter(isFolder) : [];
  const { output, nameFromServer } = command.target;
  if (folders.length === listed.urls.length && output === undefined && !nameFromServer) {
    throw usageError(
      `${where} lists folders, like ${
        redactUrl(folders[0]!)
      }; name the file below them with --path PATH`,
    );
  }
  const others = await Login.of(loginOfOthers(command.login));
  const own = { ...options, headers: withoutSecrets(options.headers) };
  const all = listed.urls.map((url) => others.apply(url));
  validate(all, own, command.places);
  const left = [
    ...listed.others > 0 ? [`${listed.others} of another scheme`] : [],
    ...listed.repeated > 0 ? [`${listed.repeated} given before`] : [],
  ];
  const notes = left.length > 0 && isVerbose(command)
    ? [`${where}: left out: ${left.join(", ")}`]
    : [];
  // Where all are used, which is faster shows by itself.
  if (all.length <= maxMirrors) return { urls: all, reserve: undefined, options: own, notes };
  const { ranked, details, answered } = await race(all, {
    options: own,
    signal,
    enough: maxMirrors,
  });
  if (isVerbose(command)) notes.push(...details);
  // Where none has the file, the download says why.
  notes.push(
    ranked.length === 0
      ? `no mirror of ${where} has answered with the file; the first ${maxMirrors} are tried` +
        (folders.length === 0
          ? ""
          : " (if they are folders, --path PATH names the file below them)")
      : `${answered} of ${all.length} mirrors of ${where} answered; the fastest are used`,
  );
  const order = ranked.length === 0 ? all : ranked;
  const reserve = reserveOf(order.slice(maxMirrors, maxMirrors + spareMirrors));
  return { urls: order.slice(0, maxMirrors), reserve, options: own, notes };
}

function isVerbose({ report }: DownloadArguments): boolean {
  return report.verbosity === "verbose";
}

async function readList(
  source: string,
  login: Login,
  options: DownloaderOptions & { readonly signal: AbortSignal },
): Promise<{ readonly text: string; readonly where: string }> {
  if (source === "-") {
    const text = await unlessAborted(readStdin("--mirror-list"), options.signal);
    return { text, where: "stdin" };
  }
  const how = { flag: "--mirror-list", what: "a list of mirrors", maxLength: MOST_BYTES, options };
  const { bytes, where } = await readDocument(login.apply(source), how);
  return { text: new TextDecoder().decode(bytes), where };
}
