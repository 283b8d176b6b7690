/**
 * Adds the arguments that configuration files hold to those of the command line: the user's own file, and
 * those of `--config`.
 *
 * @module
 */

import { usageError } from "../../../command_line/command_error.ts";
import { type Argument, type Flag, parseFlags } from "../../../command_line/flag_parser.ts";
import { parseFile, readStdin } from "../../../command_line/values.ts";
import { environmentVariable, mayReadFile } from "../../../environment.ts";
import { reason } from "../../failure/exit_code.ts";
import { FLAGS } from "../flags.ts";

/** A file with more is none of options. */
const MAX_LENGTH = 1024 * 1024;

/**
 * Returns the path of the user's own file, `undefined` where its folder is unknown. The environment may
 * not be readable; then there is no such file.
 */
export function defaultConfigPath(
  variable: (name: string) => string | undefined,
  os: typeof Deno.build.os,
): string | undefined {
  const own = variable("XDG_CONFIG_HOME");
  // A relative path is invalid (XDG Base Directory Specification).
  if (own?.startsWith("/")) return `${own}/sphttp/config`;
  if (os === "windows") {
    const data = variable("APPDATA");
    return data && `${data}\\sphttp\\config`;
  }
  const home = variable("HOME");
  return home && `${home}/.config/sphttp/config`;
}

/**
 * Returns the arguments with those of the user's own file before them; without that file if they begin
 * with `-q`, which is left out. Rejects with a usage error if the file is invalid.
 *
 * @param flags those that the command has; others in the file are for other commands
 */
export async function withOwnConfig(
  args: readonly string[],
  flags: readonly Flag[] = FLAGS,
): Promise<Argument[]> {
  if (isDisabled(args)) return args.slice(1);
  // Help is there whatever the file says.
  if (/^(?:-h|--help|-V|--version)$/.test(args[0] ?? "")) return [...args];
  const path = defaultConfigPath(environmentVariable, Deno.build.os);
  if (path === undefined || !mayReadFile(path)) return [...args];
  const text = await readOwn(path);
  if (text === undefined) return [...args];
  const { argumentsOf, parseConfig } = await import("./config_file.ts");
  const entries = await parseConfig(text, path);
  const names = new Set(flags.map(({ name }) => name));
  const used = entries.filter((entry) =>
    entry.type === "url" ? flags === FLAGS : names.has(entry.flag.name)
  );
  return [...argumentsOf(used), ...args];
}

/** Reports whether the arguments begin with the one that ignores the user's own file. */
export function isDisabled([first]: readonly string[]): boolean {
  return first === "-q" || first === "--disable";
}

/**
 * Returns the arguments with those of each `--config` before them. Rejects with a usage error if one of
 * them cannot be read, or is invalid.
 */
export async function withNamedConfigs(args: readonly Argument[]): Promise<Argument[]> {
  // Most command lines have none, and no file has one.
  const isOne = (arg: Argument) => typeof arg === "string" && /^-[^-]*K|^--config/.test(arg);
  if (!args.some(isOne)) return [...args];
  const { each, has } = await parseFlags("sphttp", args, FLAGS);
  if (has("help") || has("version")) return [...args];
  const sources = each("config", parseFile);
  const { argumentsOf, parseConfig } = await import("./config_file.ts");
  const all: Argument[] = [];
  for (const source of sources) {
    const text = await readNamed(source);
    all.push(...argumentsOf(await parseConfig(text, source === "-" ? "stdin" : source)));
  }
  return [...all, ...args];
}

async function readOwn(path: string): Promise<string | undefined> {
  try {
    return await readBounded(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw usageError(`${path}: ${reason(error)}; -q ignores it`);
  }
}

async function readNamed(source: string): Promise<string> {
  if (source === "-") return await readStdin("--config");
  try {
    return await readBounded(source);
  } catch (error) {
    throw usageError(`--config: ${source}: ${reason(error)}`);
  }
}

async function readBounded(path: string): Promise<string> {
  const { size } = await Deno.stat(path);
  if (size > MAX_LENGTH) throw new RangeError(`has ${size} bytes, which is no list of options`);
  return await Deno.readTextFile(path);
}
