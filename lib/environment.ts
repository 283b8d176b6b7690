/**
 * What Deno's permissions allow without a prompt: variables of the environment, and connections.
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

/** Reports whether connections to a host may be made, and listened for, on any port without a prompt. */
export function mayConnect(host: string): boolean {
  return Deno.permissions.querySync({ name: "net", host }).state === "granted";
}
