/**
 * Variables of the environment, as far as Deno's permissions let them be read without a prompt.
 *
 * @module
 */

/** Reports whether an environment variable may be read without a prompt. */
export function mayRead(variable: string): boolean {
  return Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}

/** Returns an environment variable; `undefined` if it is not set, or may not be read without a prompt. */
export function environmentVariable(variable: string): string | undefined {
  return mayRead(variable) ? Deno.env.get(variable) : undefined;
}
