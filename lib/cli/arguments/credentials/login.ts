/**
 * Finds the user name and the password for each mirror, and puts them into its URL. The engine sends them
 * to that origin only, and never shows them.
 *
 * @module
 */

import { usageError } from "../../../command_line/command_error.ts";
import type { ParsedFlags } from "../../../command_line/flag_parser.ts";
import { environmentVariable } from "../../../environment.ts";
import { parseFile } from "../../../command_line/values.ts";
import {
  type Credentials,
  hasCredentials,
  putCredentials,
} from "../../../http/address/credentials.ts";
import { reason } from "../../failure/exit_code.ts";
import { printable } from "../../../command_line/terminal_text.ts";
import type { RequestFlagName } from "../flags.ts";
import type { NetrcEntry } from "./netrc.ts";
import { parseUser, type User } from "../values/request_values.ts";
import { parseUrl } from "../../../stand_ins.ts";

/** Where the user's credentials are. */
export interface LoginOptions {
  /** The value of `--user`, which has precedence over the netrc file. */
  readonly user: User | undefined;
  /** Whether to read the usual netrc file, or the path of another one. */
  readonly netrc: boolean | string;
}

/** Parses `--user`, `--netrc` and `--netrc-file`. */
export function parseLoginOptions({ has, given }: ParsedFlags<RequestFlagName>): LoginOptions {
  return {
    user: given("user", parseUser),
    netrc: given("netrc-file", parseFile) ?? has("netrc"),
  };
}

/** Returns what is for servers that the user has not named: the netrc file, as it has credentials by host. */
export function loginOfOthers(login: LoginOptions): LoginOptions {
  return { ...login, user: undefined };
}

/**
 * Asks for the password if `--user` has none and stdin and stdout are a terminal. Must be called before
 * signals are handled: while it waits for input, no JavaScript runs, and Ctrl-C would do nothing.
 */
export async function askPassword(login: LoginOptions): Promise<LoginOptions> {
  const { user } = login;
  if (user === undefined || user.password !== undefined) return login;
  // promptSecret() writes to stdout, which may be the pipe that gets the file.
  if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) return login;
  const { promptSecret } = await import("@std/cli/prompt-secret");
  const question = `Enter password for user '${printable(user.username)}':`;
  const text: string | null = promptSecret(question, { mask: "" });
  return { ...login, user: { ...user, password: text ?? undefined } };
}

/** Adds credentials to the URLs of mirrors. */
export class Login {
  readonly #credentialsFor: (host: string) => Credentials | undefined;

  private constructor(credentialsFor: (host: string) => Credentials | undefined) {
    this.#credentialsFor = credentialsFor;
  }

  /** Reads the netrc file, if one is used. Only a file given with `--netrc-file` must exist. */
  static async of({ user, netrc }: LoginOptions): Promise<Login> {
    const credentials = user && credentialsOf(user);
    if (netrc === false) return new Login(() => credentials);
    const { credentialsFor, netrcPath, parseNetrc } = await import("./netrc.ts");
    const named = typeof netrc === "string";
    const path = named ? netrc : netrcPath(environmentVariable);
    if (path === undefined) {
      throw usageError("--netrc: the home directory is unknown; use --netrc-file FILE");
    }
    try {
      const entries = parseNetrc(await Deno.readTextFile(path));
      return new Login((host) => credentials ?? credentialsOfEntry(credentialsFor(entries, host)));
    } catch (error) {
      if (!named && error instanceof Deno.errors.NotFound) return new Login(() => credentials);
      throw usageError(`${named ? "--netrc-file" : "--netrc"}: ${path}: ${reason(error)}`);
    }
  }

  /** Returns the URL with credentials; unchanged if it has some, or if none are known for its host. */
  apply(text: string): string {
    const url = parseUrl(text);
    if (url === null || hasCredentials(url)) return text;
    const credentials = this.#credentialsFor(url.hostname);
    if (credentials === undefined) return text;
    putCredentials(url, credentials);
    return url.href;
  }
}

function credentialsOfEntry(entry: NetrcEntry | undefined): Credentials | undefined {
  if (entry?.login === undefined) return undefined;
  return { username: entry.login, password: entry.password ?? "" };
}

function credentialsOf({ username, password }: User): Credentials {
  if (password !== undefined) return { username, password };
  throw usageError(
    "--user has no password, and there is no terminal to ask for it; " +
      "use --user USER:PASSWORD, or --netrc",
  );
}
