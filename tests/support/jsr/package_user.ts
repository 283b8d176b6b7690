/**
 * A user of packages: a folder in which Deno runs with a cache of its own, which gets packages of JSR from a registry
 * of tests, and those of npm from the cache of the test's own Deno.
 *
 * @module
 */

import { dirname } from "node:path";
import { type Workplace, workplace } from "../workplace.ts";

/** The test's own cache of npm: `npm/REGISTRY/deno-std/VERSION/assert/mod.js`. */
const NPM_CACHE = new URL("../../../..", import.meta.resolve("@std/assert"));

/** Output of a command that has ended. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own for Deno, removed when disposed. */
export interface PackageUser extends Disposable {
  readonly place: Workplace;
  /** Runs a program to its end, `deno` if none is named, in the user's folder if no other is. */
  run(args: string[], program?: string, cwd?: string): Promise<Output>;
  /** The user's folder. */
  readonly cwd: string;
  /** Variables of the environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Makes a folder for Deno, with a registry as JSR. */
export function packageUser(registryUrl: string): PackageUser {
  const place = workplace();
  const cache = place.at("cache");
  Deno.mkdirSync(cache);
  Deno.mkdirSync(place.at("project"));
  Deno.symlinkSync(NPM_CACHE, `${cache}/npm`, { type: "dir" });
  const path = `${dirname(Deno.execPath())}:${Deno.env.get("PATH") ?? ""}`;
  const env = {
    ...{ JSR_URL: registryUrl, DENO_DIR: cache, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    ...{ PATH: path, DENO_INSTALL_ROOT: place.at("installed") },
    // Stands in for the runtime of compiled programs, so that none is fetched. A small program is copied sooner.
    DENORT_BIN: Deno.build.os === "linux" ? Deno.realPathSync("/bin/true") : Deno.execPath(),
  };
  const cwd = place.at("project");
  return {
    place,
    cwd,
    env,
    async run(args, program = Deno.execPath(), folder = cwd) {
      const child = new Deno.Command(program, {
        ...{ args, cwd: folder, env, stdin: "null", stdout: "piped", stderr: "piped" },
      });
      const { code, stdout, stderr } = await child.output();
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      return { code, stdout: out!, stderr: err! };
    },
    [Symbol.dispose]: () => place[Symbol.dispose](),
  };
}
