/**
 * Where the proxy's token comes from: a file or the environment, which other users of the machine
 * cannot see, or an argument, which they can.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { readNamedFile } from "../../command_line/values.ts";

/** The variable of the environment with the token. */
export const TOKEN_VARIABLE = "SPHTTP_TOKEN";

/** The token, or the file that has it. */
export type TokenSource = { readonly token: string } | { readonly file: string };

/** Chooses among the sources that are given; `undefined` if there is none. Flags take precedence. */
export function tokenSource(
  token: string | undefined,
  file: string | undefined,
  environment: string | undefined,
): TokenSource | undefined {
  if (token !== undefined && file !== undefined) {
    throw usageError("--token and --token-file cannot be used together");
  }
  if (file !== undefined) return { file };
  if (token !== undefined) return { token };
  if (environment === undefined || environment === "") return undefined;
  return { token: parseToken(TOKEN_VARIABLE, environment) };
}

/** Parses a token, which must fit a header. It is a secret, so no message shows it. */
export function parseToken(flag: string, text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw usageError(`${flag} must consist of visible ASCII characters, without spaces`);
  }
  return text;
}

/** Reads the token. Rejects with a usage error when the file cannot be read, or has none. */
export async function readToken(source: TokenSource): Promise<string> {
  if ("token" in source) return source.token;
  const { file } = source;
  const text = await readNamedFile("--token-file", file);
  return parseToken(`the token in --token-file ${file}`, text.trim());
}
