/**
 * What may be used of the environment without a prompt: variables, and connections. Deno's permissions
 * decide it; elsewhere all is allowed that there is.
 *
 * @module
 */

import { nodeProcess } from "./runtime.ts";

/** Reports whether an environment variable may be read without a prompt. */
export function mayRead(variable: string): boolean {
  return typeof Deno === "undefined" ||
    Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}

/** Returns an environment variable; `undefined` if it is not set, or may not be read without a prompt. */
export function environmentVariable(variable: string): string | undefined {
  if (typeof Deno === "undefined") return nodeProcess()?.env?.[variable];
  return mayRead(variable) ? Deno.env.get(variable) : undefined;
}

/** Reports whether a file may be read without a prompt. */
export function mayReadFile(path: string): boolean {
  return typeof Deno === "undefined" ||
    Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/** Reports whether connections to a host may be made, and listened for, on any port without a prompt. */
export function mayConnect(host: string): boolean {
  return typeof Deno === "undefined" ||
    Deno.permissions.querySync({ name: "net", host }).state === "granted";
}
