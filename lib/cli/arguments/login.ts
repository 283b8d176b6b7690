/**
 * Puts the user's name and password into the URLs of the mirrors that the user named: the engine
 * sends them to that origin only, and shows them nowhere.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import type { ParsedFlags } from "../../command_line/flag_parser.ts";
import { parseFile } from "../../command_line/values.ts";
import { hasCredentials, putCredentials } from "../../http/credentials.ts";
import type { RequestFlagName } from "./flags.ts";
import { parseUser } from "./values.ts";
import { reason } from "../failure/file_error.ts";
import { credentialsFor, type NetrcEntry, netrcPath, parseNetrc } from "./netrc.ts";

/** Who the user is. */
export interface LoginOptions {
  readonly user: { readonly user: string; readonly password: string } | undefined;
  /** Whether a netrc file is read: the usual one, or one that is named. */
  readonly netrc: boolean | string;
}

/** Understands who the user is. */
export function parseLoginOptions({ has, given }: ParsedFlags<RequestFlagName>): LoginOptions {
  return {
    user: given("user", parseUser),
    netrc: given("netrc-file", parseFile) ?? has("netrc"),
  };
}

/** Knows who the user is. */
export class Login {
  readonly #user: LoginOptions["user"];
  readonly #entries: readonly NetrcEntry[];

  private constructor(user: LoginOptions["user"], entries: readonly NetrcEntry[]) {
    this.#user = user;
    this.#entries = entries;
  }

  /** Reads the netrc file, if one is to be read; the usual one need not be there. */
  static async of({ user, netrc }: LoginOptions): Promise<Login> {
    if (netrc === false) return new Login(user, []);
    const named = typeof netrc === "string";
    const path = named ? netrc : netrcPath(environment());
    if (path === undefined) {
      throw usageError(
        "--netrc: no home directory is known to look in; --netrc-file FILE names it",
      );
    }
    try {
      return new Login(user, parseNetrc(await Deno.readTextFile(path)));
    } catch (error) {
      if (!named && error instanceof Deno.errors.NotFound) return new Login(user, []);
      throw usageError(`${named ? "--netrc-file" : "--netrc"}: ${path}: ${reason(error)}`);
    }
  }

  /** The URL with a name and a password; as it is where it has some, and where none are known. */
  apply(text: string): string {
    const host = URL.parse(text)?.hostname;
    return withUser(text, this.#user ?? (host === undefined ? undefined : this.#fromNetrc(host)));
  }

  #fromNetrc(host: string): { user: string; password: string } | undefined {
    const entry = credentialsFor([...this.#entries], host);
    if (entry?.login === undefined) return undefined;
    return { user: entry.login, password: entry.password ?? "" };
  }
}

/** The URL with a user's name and password, unless it has its own. */
function withUser(text: string, login: LoginOptions["user"]): string {
  const url = URL.parse(text);
  if (login === undefined || url === null || hasCredentials(url)) return text;
  putCredentials(url, { username: login.user, password: login.password });
  return url.href;
}

function environment(): Record<string, string> {
  const { state } = Deno.permissions.querySync({ name: "env" });
  return state === "granted" ? Deno.env.toObject() : {};
}
