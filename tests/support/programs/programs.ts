/**
 * Runs programs that nobody here wrote, as Debian packages them. A test that needs one fails where it is missing,
 * with the name of the package: what is skipped in silence is not tested.
 *
 * @module
 */

import { findExecutable } from "./executable.ts";

/** Debian's package of each program. */
const PACKAGES = {
  aria2c: "aria2",
  curl: "curl",
  ffmpeg: "ffmpeg",
  ffprobe: "ffmpeg",
  nginx: "nginx",
  wget: "wget",
} as const;

/** A program that tests use. */
export type Program = keyof typeof PACKAGES;

/** What a program left behind. */
export interface ProgramOutput {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** How long a program may take, in milliseconds. */
const TIMEOUT_MS = 120_000;

/**
 * Path of a program.
 *
 * @throws {Error} when it is not installed; the message names the package
 */
export function programPath(program: Program): string {
  const path = findExecutable(program);
  if (path !== undefined) return path;
  throw new Error(
    `${program} is not installed; Debian has it: apt-get install ${PACKAGES[program]}`,
  );
}

/** Runs a program to its end, whatever that is. A program that takes too long is ended. */
export async function runProgram(
  program: Program,
  args: readonly string[],
): Promise<ProgramOutput> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TIMEOUT_MS);
  try {
    const { code, stdout, stderr } = await new Deno.Command(programPath(program), {
      args: [...args],
      stdin: "null",
      // Nothing of the machine's or the user's own setting has a say.
      env: { http_proxy: "", all_proxy: "", ALL_PROXY: "", HOME: "/nonexistent", LC_ALL: "C" },
      signal: timeout.signal,
    }).output();
    return { code, stdout, stderr: new TextDecoder().decode(stderr) };
  } finally {
    clearTimeout(timer);
  }
}
