/**
 * Which runtime this is: Deno, Node.js, Bun, or another one, such as a browser.
 *
 * @module
 */

/** What Node.js and Bun have, as far as it is asked. */
interface Process {
  readonly versions?: Readonly<Record<string, string | undefined>> | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Returns the `process` of Node.js or Bun; `undefined` elsewhere. Deno has another way to all of it. */
export function nodeProcess(): Process | undefined {
  if (typeof Deno !== "undefined") return undefined;
  const { process } = globalThis as { readonly process?: Process };
  return process?.versions?.node === undefined ? undefined : process;
}

/** Names the runtime in messages. */
export function runtimeName(): string {
  if (typeof Deno !== "undefined") return `Deno ${Deno.version.deno}`;
  const { bun, node } = nodeProcess()?.versions ?? {};
  if (bun !== undefined) return `Bun ${bun}`;
  return node === undefined ? "a browser or another runtime" : `Node.js ${node}`;
}

/**
 * Reports whether requests are those of a web page: they follow the rules for other origins (CORS), redirects
 * are hidden, and responses may come from a cache.
 */
export function isWebPage(): boolean {
  return typeof Deno === "undefined" && nodeProcess() === undefined && "location" in globalThis;
}

export type Timer = ReturnType<typeof setTimeout>;

/** Sets whether the process goes on for a timer; does nothing where that cannot be chosen. */
export function holdProcess(timer: Timer, holds: boolean): void {
  const { ref, unref } = timer as { readonly ref?: () => void; readonly unref?: () => void };
  const change = holds ? ref : unref;
  if (change !== undefined) change.call(timer);
  // It is a number, as in browsers and in older versions of Deno.
  else if (typeof Deno !== "undefined") (holds ? Deno.refTimer : Deno.unrefTimer)(Number(timer));
}
