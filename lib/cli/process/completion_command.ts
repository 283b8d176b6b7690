/**
 * `--on-complete`: runs a program for each file that is complete, without a shell. What it does is the
 * user's business: that it fails is a message, and changes no exit code.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { reason } from "../failure/exit_code.ts";

/**
 * Asks for the permission to run a program, so that it is not missed only when a file is complete.
 *
 * @throws {CommandError} it is denied
 */
export function requireRun(program: string): void {
  const { state } = Deno.permissions.requestSync({ name: "run", command: program });
  if (state === "granted") return;
  throw usageError(
    `--on-complete ${program}: no permission to run it; run again with --allow-run=${program} added`,
  );
}

/**
 * Runs a program with the path of a file as its argument, and waits for its end. Stops it if `signal`
 * aborts. `note` takes messages.
 */
export async function runOnComplete(
  program: string,
  path: string,
  signal: AbortSignal,
  note: (text: string) => void,
): Promise<void> {
  try {
    const command = new Deno.Command(program, {
      // A name that a server has chosen must not be taken for an option.
      args: [path.startsWith("-") ? `./${path}` : path],
      ...{ signal, stdin: "null", stdout: "inherit", stderr: "inherit" },
    });
    const { code, signal: killedBy } = await command.output();
    if (code === 0) return;
    note(`--on-complete: ${program} ended with ${killedBy ?? `exit code ${code}`}`);
  } catch (error) {
    const missing = program.includes(" ")
      ? "no such program; it is run without a shell, so write a script for several words"
      : "no such program";
    const why = error instanceof Deno.errors.NotFound ? missing : reason(error);
    note(`--on-complete: ${program} cannot be run: ${why}`);
  }
}
