/**
 * Gives this process, which reads what commands write, the priority that they have in the lab.
 *
 * @module
 */

import { findExecutable } from "../../support/programs/programs.ts";

/** As in `netlab.c`. */
const PRIORITY = -15;
/** The priority of the whole session, where the kernel groups processes by session; see sched(7). */
const AUTOGROUP = "/proc/self/autogroup";

/** Raises the priority of this process as far as it may; disposing restores that of its session. */
export async function raisePriority(): Promise<AsyncDisposable> {
  const session = await Deno.readTextFile(AUTOGROUP).catch(() => "");
  const before = / nice (-?\d+)/.exec(session)?.[1];
  await renice();
  if (before !== undefined) await Deno.writeTextFile(AUTOGROUP, String(PRIORITY)).catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      if (before !== undefined) await Deno.writeTextFile(AUTOGROUP, before).catch(() => {});
    },
  };
}

async function renice(): Promise<void> {
  if (findExecutable("renice") === undefined) return;
  const args = ["-n", String(PRIORITY), "-p", String(Deno.pid)];
  await new Deno.Command("renice", { args, stdout: "null", stderr: "null" }).output();
}
