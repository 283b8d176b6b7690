/**
 * Reads lists of mirrors as projects publish them: a URL on each line, with comments; `Server = URL` as Arch
 * Linux writes it; what follows the URL, such as the priorities of apt, is left out. Pure.
 *
 * @module
 */

import { CommandError, usageError } from "../../command_line/command_error.ts";
import { linesOf } from "../../command_line/text_file.ts";
import { parseUrl } from "../../stand_ins.ts";
import { ExitCode } from "../failure/exit_code.ts";

/** The mirrors of a file, by a list. */
export interface ListedMirrors {
  /** URLs of the file, each once, in the order of the list. */
  readonly urls: readonly string[];
  /** Number of lines that have URLs of another scheme, such as rsync and ftp. */
  readonly others: number;
  /** Number of URLs that came before. */
  readonly repeated: number;
}

/** The first URL of a line, from the end of its scheme on: from each letter, a scheme would be looked for. */
const URL_IN_LINE = /:(?<=([a-z][a-z0-9+.-]{0,20}):)\/\/[^\s"'<>,;|]+/i;

/**
 * Parses a list of mirrors. With a `path`, its URLs are the places of the whole project, and the path is that
 * of the file below them; without one, they are URLs of the file.
 *
 * @throws {CommandError} if it has no http or https URL
 */
export function parseMirrorList(text: string, where: string, path?: string): ListedMirrors {
  if (/^\s*</.test(text)) {
    throw usageError(
      `${where} is a web page or XML, but must be a list of URLs, one a line (a Metalink: --metalink)`,
    );
  }
  const urls = new Set<string>();
  let [others, repeated] = [0, 0];
  for (const { text: line } of linesOf(text)) {
    // Joined files have byte order marks in the middle.
    const content = line.replace(/^\ufeff/, "").trim();
    const [rest, scheme] = content.startsWith("#") ? [] : URL_IN_LINE.exec(content) ?? [];
    if (rest === undefined) continue;
    const found = scheme! + rest;
    const url = /^https?:/i.test(found) ? urlOf(found, path) : undefined;
    if (url === undefined) others++;
    else if (urls.has(url)) repeated++;
    else urls.add(url);
  }
  if (urls.size > 0) return { urls: [...urls], others, repeated };
  const found = others === 0 ? "" : `: ${others} of another scheme, like rsync`;
  throw new CommandError(ExitCode.URL, `${where} has no http or https URL${found}`);
}

/** Reports whether a URL of a list is, by its form, the place of a project and not that of a file. */
export function isFolder(url: string): boolean {
  const { pathname } = new URL(url);
  return pathname.endsWith("/") || /\/\$\w+$/.test(pathname);
}

/** Returns the URL of the file by an http or https URL; `undefined` if there is none. */
function urlOf(text: string, path: string | undefined): string | undefined {
  if (path === undefined) return parseUrl(text)?.href;
  // Arch has `…/$repo/os/$arch`, others `$releasever`: the project's place ends before that.
  const base = text.replace(/\/[^/]*\$.*$/, "/").replace(/[?#].*$/, "");
  // Without the look behind, each slash of many would be looked at from each one before.
  return parseUrl(`${base.replace(/(?<!\/)\/+$/, "")}/${path.replace(/^\/+/, "")}`)?.href;
}
