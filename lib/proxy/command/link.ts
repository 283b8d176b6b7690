/**
 * The subcommand `sphttp-proxy link`: its options, and what it prints.
 *
 * @module
 */

import { CommandError, usageError } from "../../command_line/command_error.ts";
import { type Flag, flagLine, parseFlags } from "../../command_line/flag_parser.ts";
import { parseDuration, parseFile } from "../../command_line/values.ts";
import { Access } from "../guard/access.ts";
import { LEAST_SECRET } from "../guard/signer.ts";
import { Problem } from "../problem.ts";
import type { MetalinkSource } from "../request/query.ts";
import { signedLink } from "../request/signed_link.ts";
import { parseToken, type TokenSource, tokenSource } from "./token_source.ts";

/** The options of `sphttp-proxy link`. */
export const LINK_FLAGS = [
  { name: "expires", value: "TIME", help: "valid for 30m, 2h, 7d … (2h)" },
  { name: "base", value: "URL", help: "the proxy's address (http://127.0.0.1:8080/)" },
  { name: "name", value: "NAME", help: "the name that players show (the first URL's)" },
  { name: "metalink", value: "URL", help: "a Metalink that has the mirrors, instead of URL…" },
  { name: "file", value: "NAME", help: "the file of the Metalink, if it has several" },
  { name: "token-file", value: "FILE", help: "read the proxy's token from FILE" },
  { name: "token", value: "TOKEN", help: "the token; other users see it in ps" },
  { name: "help", short: "h", help: "print this help" },
] as const satisfies readonly Flag[];

/** The parsed arguments. */
export type LinkArguments =
  | { readonly type: "link help" }
  | {
    readonly type: "link";
    readonly base: URL;
    readonly mirrors: readonly string[];
    readonly metalink: MetalinkSource | undefined;
    readonly name: string | undefined;
    readonly validMs: number;
    readonly token: TokenSource;
  };

const DEFAULT_BASE = "http://127.0.0.1:8080/";
const DEFAULT_VALID_MS = 2 * 3_600_000;

/**
 * Parses the arguments after `link`. Rejects with a usage error when they are invalid.
 *
 * @param environmentToken the token in the environment
 */
export async function parseLinkArguments(
  args: readonly string[],
  environmentToken: string | undefined,
): Promise<LinkArguments> {
  const { rest, has, given } = await parseFlags("sphttp-proxy link", args, LINK_FLAGS);
  if (has("help")) return { type: "link help" };
  const text = (_flag: string, text: string) => text;
  const [url, file] = [given("metalink", text), given("file", text)];
  if (rest.length === 0 && url === undefined) {
    throw usageError("no URL given: sphttp-proxy link URL…");
  }
  if (url === undefined && file !== undefined) {
    throw usageError("--file names a file of a Metalink: use it with --metalink");
  }
  const token = tokenSource(
    given("token", parseToken),
    given("token-file", parseFile),
    environmentToken,
  );
  if (token === undefined) {
    throw usageError("a link is signed with the proxy's token: use --token-file or SPHTTP_TOKEN");
  }
  return {
    type: "link",
    base: given("base", parseBase) ?? new URL(DEFAULT_BASE),
    mirrors: rest,
    metalink: url === undefined ? undefined : { url, file },
    name: given("name", text),
    validMs: given("expires", parseDuration) ?? DEFAULT_VALID_MS,
    token,
  };
}

/** Returns the signed link; `token` is the proxy's, `nowMs` the time in milliseconds since 1970. */
export async function makeLink(
  { base, mirrors, metalink, name, validMs }: Extract<LinkArguments, { type: "link" }>,
  token: string,
  nowMs: number,
): Promise<string> {
  const access = new Access(token);
  if (!access.canSign) {
    throw usageError(
      `the token has ${token.length} characters, but only one with at least ${LEAST_SECRET} signs links`,
    );
  }
  try {
    return await signedLink(
      { base, mirrors, metalink, name, expiresAtMs: nowMs + validMs },
      access,
    );
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new CommandError(2, error.detail, { cause: error });
  }
}

/** Returns the text of `sphttp-proxy link --help`. */
export function linkHelp(): string {
  return `Usage: sphttp-proxy link [options] URL…
       sphttp-proxy link [options] --metalink URL
Prints a link to the file on these mirrors that works without the token until it
expires, and for these mirrors only. Options:
${LINK_FLAGS.map((flag) => flagLine(flag, 27)).join("\n")}
The token may also be in the environment: SPHTTP_TOKEN.
`;
}

/** Parses the address of a proxy, with a slash at the end. */
function parseBase(flag: string, text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw usageError(`${flag} is "${text}", but must be a URL like https://proxy.example/`);
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}
