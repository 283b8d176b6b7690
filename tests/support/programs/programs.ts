/**
 * The programs besides Deno that some tests need, and the registration of such tests. A test whose program is missing
 * is skipped, and its name says why; `tests/run.ts` installs what it can and lists the rest.
 *
 * @module
 */

import { missingPermission } from "../../netlab/permission.ts";

/** Debian's packages of each program, separated by spaces. */
export const PACKAGES = {
  apache2: "apache2",
  aria2c: "aria2",
  axel: "axel",
  bash: "bash",
  cc: "gcc libc6-dev",
  // Takes half the processor time of the whole browser.
  chromium: "chromium-headless-shell",
  curl: "curl",
  ffmpeg: "ffmpeg",
  ffprobe: "ffmpeg",
  fish: "fish",
  gpg: "gpg gpg-agent",
  groff: "groff-base",
  ip: "iproute2",
  lighttpd: "lighttpd",
  minisign: "minisign",
  nginx: "nginx",
  node: "nodejs",
  npm: "npm",
  openssl: "openssl",
  script: "bsdutils",
  setpriv: "util-linux",
  "systemd-analyze": "systemd",
  wget: "wget",
  wget2: "wget2",
  zsh: "zsh",
} as const;

/** Packages that do as well where Debian, or a system like it, does not have the one above. */
export const OTHER_PACKAGES: Readonly<Record<string, string>> = {
  "chromium-headless-shell": "chromium",
};

/** The names of programs that have several, the best first. */
const NAMES: Partial<Record<Program, readonly string[]>> = {
  chromium: ["chromium-headless-shell", "chromium", "chromium-browser"],
};

/** A program that tests use. */
export type Program = keyof typeof PACKAGES;

/**
 * What a test may need: a program; `tmpfs`, which is permission to mount one; or `netlab`, which is what
 * the lab of `tests/netlab/` needs besides programs.
 */
export type Need = Program | "tmpfs" | "netlab";

/** The output of a program. */
export interface ProgramOutput {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Maximum running time of a program, in milliseconds. */
const TIMEOUT_MS = 120_000;

/** Directories of servers and administration, which the `PATH` of a user may lack. */
const SYSTEM_DIRECTORIES = ["/usr/sbin", "/usr/local/sbin"];

/** What a directory in `PATH` may answer that does not have the program, or does not show it. */
const UNREADABLE = [
  Deno.errors.NotFound,
  Deno.errors.NotADirectory,
  Deno.errors.PermissionDenied,
];

/** Returns the path of an executable file in `PATH` or a system directory. */
export function findExecutable(name: string): string | undefined {
  const path = Deno.env.get("PATH")?.split(":") ?? [];
  for (const dir of [...path, ...SYSTEM_DIRECTORIES]) {
    if (dir === "") continue;
    try {
      const info = Deno.statSync(`${dir}/${name}`);
      if (info.isFile && ((info.mode ?? 0o111) & 0o111) !== 0) return `${dir}/${name}`;
    } catch (error) {
      if (!UNREADABLE.some((kind) => error instanceof kind)) throw error;
    }
  }
  return undefined;
}

/** Returns the path of a program, `undefined` if it is not installed. */
export function findProgram(program: Program): string | undefined {
  for (const name of NAMES[program] ?? [program]) {
    const path = findExecutable(name);
    if (path !== undefined) return path;
  }
  return undefined;
}

/**
 * Returns the path of a program.
 *
 * @throws {Error} if it is not installed; the message names the package
 */
export function programPath(program: Program): string {
  const path = findProgram(program);
  if (path !== undefined) return path;
  throw new Error(
    `${program} is not installed; on Debian: apt-get install ${PACKAGES[program]}`,
  );
}

/** Reports whether this machine lacks what a test needs. */
export function isMissing(need: Need): boolean {
  if (need === "tmpfs") return !(canMount ??= tryMount());
  if (need === "netlab") return missingPermission() !== undefined;
  return findProgram(need) === undefined;
}

let canMount: boolean | undefined;

/** Mounts a tmpfs and unmounts it; reports whether that succeeded. It takes root on Linux. */
function tryMount(): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const dir = Deno.makeTempDirSync({ prefix: "sphttp-mount-" });
  const run = (program: string, ...args: string[]) =>
    findExecutable(program) !== undefined &&
    new Deno.Command(program, { args, stderr: "null" }).outputSync().success;
  try {
    return run("mount", "-t", "tmpfs", "none", dir) && run("umount", dir);
  } finally {
    Deno.removeSync(dir);
  }
}

/** Registers a test that is skipped if one of its needs is missing. */
export function testWith(
  needs: readonly Need[],
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = needs.filter(isMissing);
  Deno.test({ name: name + missingSuffix(missing), ignore: missing.length > 0, fn });
}

/** Returns the suffix of the name of a test that is skipped because of missing needs. */
export function missingSuffix(missing: readonly string[]): string {
  return missing.length === 0 ? "" : ` (missing: ${missing.join(", ")})`;
}

/** Returns the missing needs that {@linkcode missingSuffix} wrote into the name of a test. */
export function missingOf(testName: string): string[] {
  return / \(missing: ([^)]+)\)$/.exec(testName)?.[1]?.split(", ") ?? [];
}

/** Runs a program to its end, in a folder; kills it after {@linkcode TIMEOUT_MS}. */
export async function runProgram(
  program: Program,
  args: readonly string[],
  folder?: string,
): Promise<ProgramOutput> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TIMEOUT_MS);
  try {
    const { code, stdout, stderr } = await new Deno.Command(programPath(program), {
      args: [...args],
      ...folder !== undefined && { cwd: folder },
      stdin: "null",
      // Settings of the machine and the user must not matter.
      env: { http_proxy: "", all_proxy: "", ALL_PROXY: "", HOME: "/nonexistent", LC_ALL: "C" },
      signal: timeout.signal,
    }).output();
    return { code, stdout, stderr: new TextDecoder().decode(stderr) };
  } finally {
    clearTimeout(timer);
  }
}
