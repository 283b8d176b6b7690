/**
 * Builds the lab, a program in C, and reports why it cannot run on this machine.
 *
 * @module
 */

import { findExecutable } from "../support/programs/programs.ts";
import { missingPermission } from "./permission.ts";

/** The built lab; disposing of it removes it. */
export interface Netlab extends AsyncDisposable {
  /** Path of the program. */
  readonly program: string;
}

const SOURCES = new URL("emulator/", import.meta.url);
/** Programs that building and running need, and Debian's packages of them. */
const PROGRAMS = { cc: "gcc libc6-dev", ip: "iproute2", nginx: "nginx" } as const;

/** Returns why the lab cannot run here, `undefined` if it can. */
export function whyNoNetlab(): string | undefined {
  const permission = missingPermission();
  if (permission !== undefined) return permission;
  const missing = Object.entries(PROGRAMS).filter(([program]) => !findExecutable(program));
  if (missing.length === 0) return undefined;
  const packages = missing.map(([, name]) => name).join(" ");
  return `${missing.map(([program]) => program).join(", ")} missing; ` +
    `on Debian: apt-get install ${packages}`;
}

/**
 * Builds the lab in a temporary folder.
 *
 * @throws {Error} if the compiler fails; the message has its output
 */
export async function buildNetlab(): Promise<Netlab> {
  const folder = await Deno.makeTempDir({ prefix: "sphttp-netlab-" });
  const program = `${folder}/netlab`;
  const remove = () => Deno.remove(folder, { recursive: true });
  const sources = [...Deno.readDirSync(SOURCES)]
    .filter(({ name }) => name.endsWith(".c"))
    .map(({ name }) => `${SOURCES.pathname}${name}`);
  const { success, stderr } = await new Deno.Command("cc", {
    args: ["-O2", "-Wall", "-Wextra", "-o", program, ...sources],
  }).output();
  if (success) return { program, [Symbol.asyncDispose]: remove };
  await remove();
  throw new Error(`cc cannot build the lab: ${new TextDecoder().decode(stderr).trim()}`);
}
