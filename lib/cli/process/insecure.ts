/**
 * `--insecure`: Deno accepts any certificate only if it was started with the flag for it. The command
 * therefore runs itself again with that flag, with the permissions and the import map that it has, or
 * says what to type if it may not.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { basename } from "node:path";
import { TextLineStream } from "@std/streams/text-line-stream";
import { usageError } from "../../command_line/command_error.ts";
import { environmentVariable } from "../../command_line/process.ts";
import { writeMessage } from "../report/terminal.ts";
import { SIGNALS } from "./interruption.ts";

const FLAG = "--unsafely-ignore-certificate-errors";
/** Environment variable that marks the second process. */
const MARK = "SPHTTP_INSECURE";

/** Permissions that are passed on. */
const PERMISSIONS = ["env", "ffi", "net", "read", "run", "sys", "write"] as const;

/** Names in the import map that the command imports. */
export const MAPPED: readonly string[] = [
  "@std/async/pool",
  "@std/cli/prompt-secret",
  "@std/fmt/colors",
  "@std/streams/text-line-stream",
  "@std/streams/to-text",
  "@std/text/closest-string",
  "@std/text/levenshtein-distance",
];

/**
 * Runs the command again with certificate errors ignored, and resolves to its exit code; in
 * that second process, to `undefined`. Rejects with a usage error if this process may not start Deno, or
 * is a compiled program.
 *
 * @param showWarning whether Deno's warning about certificates is shown
 */
export async function rerunInsecurely(
  args: readonly string[],
  { showWarning }: { readonly showWarning: boolean },
): Promise<number | undefined> {
  if (environmentVariable(MARK) === "1") return undefined;
  const deno = Deno.execPath();
  const { state } = Deno.permissions.querySync({ name: "run", command: deno });
  // Without all of the network, the child would fail for another reason than the user expects.
  if (state !== "granted" || !isGranted("net") || !/^deno(\.exe)?$/.test(basename(deno))) {
    throw usageError(
      `--insecure needs Deno to be started with ${FLAG}, and sphttp cannot restart it with the ` +
        `same permissions here: use deno run -A ${FLAG} ${here()} …, or trust a ` +
        "certificate of your own with --cacert FILE",
    );
  }
  const child = new Deno.Command(deno, {
    args: ["run", "--quiet", ...permissions(), ...importMap(), FLAG, Deno.mainModule, ...args],
    // Deno's own messages are colored even if they do not go to a terminal.
    env: { [MARK]: "1", ...((!showWarning || !Deno.stderr.isTerminal()) && { NO_COLOR: "1" }) },
    stdin: "inherit",
    stdout: "inherit",
    stderr: showWarning ? "inherit" : "piped",
  }).spawn();
  const copied = showWarning ? undefined : copyWithoutWarning(child.stderr);
  // The child handles signals. A Ctrl-C that reaches both processes counts once.
  const pass = (name: Deno.Signal) => {
    try {
      child.kill(name);
    } catch {
      // It has ended.
    }
  };
  const listeners = SIGNALS.map((name) => [name, () => pass(name)] as const);
  for (const [name, listener] of listeners) Deno.addSignalListener(name, listener);
  try {
    const [{ code }] = await Promise.all([child.status, copied]);
    return code;
  } finally {
    for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
  }
}

/** Returns the command as arguments of `deno run`: its file in a clone, else its name in the registry. */
function here(): string {
  const url = new URL("../../../cli.ts", import.meta.url);
  return url.protocol === "file:" ? fileURLToPath(url) : "jsr:@x/sphttp/cli";
}

/**
 * Returns the permissions of this process as flags of Deno. Deno cannot list what a permission is
 * limited to, so one that is granted in part is not passed on. The child never prompts.
 */
function permissions(): string[] {
  const granted = PERMISSIONS.filter(isGranted);
  // Without the mark, the child would start another child.
  const mark = granted.includes("env") ? [] : [`--allow-env=${MARK}`];
  return ["--no-prompt", ...granted.map((name) => `--allow-${name}`), ...mark];
}

/** Reports whether a permission is granted without limits. */
function isGranted(name: typeof PERMISSIONS[number]): boolean {
  const { state, partial } = Deno.permissions.querySync({ name });
  return state === "granted" && !partial;
}

/** Returns the import map of this process as a flag; a published module needs none. */
function importMap(): string[] {
  try {
    const imports = Object.fromEntries(MAPPED.map((name) => [name, import.meta.resolve(name)]));
    const json = encodeURIComponent(JSON.stringify({ imports }));
    return [`--import-map=data:application/json,${json}`];
  } catch {
    return [];
  }
}

/** Copies lines to stderr, except Deno's warning. */
async function copyWithoutWarning(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  const splitter: TransformStream<string, string> = new TextLineStream();
  const lines = stderr.pipeThrough(new TextDecoderStream()).pipeThrough(splitter);
  for await (const line of lines) {
    if (!line.startsWith("DANGER: TLS")) writeMessage(`${line}\n`);
  }
}
