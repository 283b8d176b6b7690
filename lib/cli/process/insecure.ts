/**
 * `--insecure`: Deno trusts any certificate only when it was started so. The command starts itself
 * once more with that flag where it may, and says what to type where it may not.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { SIGNALS } from "./interruption.ts";
import { writeMessage } from "../report/terminal.ts";

const FLAG = "--unsafely-ignore-certificate-errors";
/** Tells the second run that it is one. */
const MARK = "SPHTTP_INSECURE";

/** Whether this process was started by {@linkcode rerunInsecurely}. */
export function isRerun(): boolean {
  const { state } = Deno.permissions.querySync({ name: "env", variable: MARK });
  return state === "granted" && Deno.env.get(MARK) === "1";
}

/**
 * Runs the command again with certificates ignored; resolves to its exit code. Deno's own warning is
 * for people: `toPeople` says whether stderr is. A usage error where Deno may not start programs, or
 * is none (in a compiled command).
 */
export async function rerunInsecurely(
  args: readonly string[],
  { toPeople }: { readonly toPeople: boolean },
): Promise<number> {
  const { state } = Deno.permissions.querySync({ name: "run" });
  if (state !== "granted" || !/^deno(\.exe)?$/.test(Deno.execPath().replace(/^.*[/\\]/, ""))) {
    throw usageError(
      `--insecure needs Deno to be started with ${FLAG}, and it may not start itself here: ` +
        `deno run -A ${FLAG} jsr:@x/sphttp/cli …; with --cacert FILE a certificate of your own ` +
        "is trusted without it",
    );
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", FLAG, Deno.mainModule, ...args],
    // Deno says on stderr what it does; colours have no place in a file.
    env: { [MARK]: "1", ...((!toPeople || !Deno.stderr.isTerminal()) && { NO_COLOR: "1" }) },
    stdin: "inherit",
    stdout: "inherit",
    stderr: toPeople ? "inherit" : "piped",
  }).spawn();
  const said = toPeople ? undefined : copyWithoutWarning(child.stderr);
  // What is sent to this process is for the other one; a Ctrl-C that reaches both counts once.
  const pass = (name: Deno.Signal) => {
    try {
      child.kill(name);
    } catch {
      // It has ended already.
    }
  };
  const listeners = SIGNALS.map((name) => [name, () => pass(name)] as const);
  for (const [name, listener] of listeners) Deno.addSignalListener(name, listener);
  try {
    const [{ code }] = await Promise.all([child.status, said]);
    return code;
  } finally {
    for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
  }
}

/** Puts on stderr what comes, but for the line with which Deno begins. */
async function copyWithoutWarning(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  const text = stderr.pipeThrough(new TextDecoderStream());
  let first: string | undefined = "";
  for await (const part of text) {
    if (first === undefined) {
      writeMessage(part);
      continue;
    }
    first += part;
    const end = first.indexOf("\n") + 1;
    if (end === 0) continue;
    writeMessage(isWarning(first) ? first.slice(end) : first);
    first = undefined;
  }
  if (first !== undefined && !isWarning(first)) writeMessage(first);
}

function isWarning(line: string): boolean {
  return line.startsWith("DANGER: TLS");
}
