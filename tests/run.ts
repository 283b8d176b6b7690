/**
 * The command behind `deno task test`: installs the programs that tests need where it may, runs `deno test`, and lists
 * the tests that were skipped because a program is missing. It passes its arguments on to `deno test`.
 *
 * Debian's packages are installed as root only, and never with `SPHTTP_TEST_INSTALL=0`. With `CI=true`, a test skipped
 * for want of a program fails the run; one that needs the lab of `tests/netlab/` where that cannot run does not.
 *
 * Without a path among its arguments it runs all tests in batches, and leaves their types to `deno task check`; tests
 * start the commands from bundles then. With `CI=true` it runs up to three tests that failed once more, alone, and says
 * which of them pass then; the run has failed all the same.
 *
 * @module
 */

import { missingPermission } from "./netlab/permission.ts";
import {
  findExecutable,
  isMissing,
  missingOf,
  OTHER_PACKAGES,
  PACKAGES,
  type Program,
} from "./support/programs/programs.ts";
import { writeBatches } from "./support/batches.ts";
import { secondRun, secondRunLines } from "./support/second_run.ts";
import { isTestFile, readReport } from "./support/test_report.ts";
import { workplace } from "./support/workplace.ts";

/** Returns the test files below those arguments that are paths, below `tests` if none is. */
export async function testFiles(args: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const arg of args) await collect(arg, files);
  if (files.length === 0) await collect("tests", files);
  return files;
}

async function collect(path: string, files: string[]): Promise<void> {
  const info = await Deno.stat(path).catch(() => undefined);
  if (info?.isFile && isTestFile(path)) files.push(path);
  if (!info?.isDirectory) return;
  for await (const { name } of Deno.readDir(path)) await collect(`${path}/${name}`, files);
}

/** Returns the programs named in those test files that register tests by `testWith()`, each with its files. */
export async function neededPrograms(
  files: readonly string[],
): Promise<Map<Program, readonly string[]>> {
  const needed = new Map<Program, string[]>();
  for (const file of files) {
    const text = await Deno.readTextFile(file);
    if (!text.includes("testWith(")) continue;
    for (const program of Object.keys(PACKAGES) as Program[]) {
      if (!text.includes(`"${program}"`)) continue;
      needed.set(program, [...needed.get(program) ?? [], file]);
    }
  }
  return needed;
}

/** A need that not every machine can meet, even as root: without it, a run does not fail. */
const OPTIONAL = "netlab";

/** Reports whether a test was skipped for want of what every machine can have. */
export function wantsProgram(testName: string): boolean {
  const missing = missingOf(testName);
  return missing.length > 0 && !missing.includes(OPTIONAL);
}

/** Returns the lines that list skipped tests by what they need. */
export function skippedLines(skipped: readonly string[]): string[] {
  const byNeed = Map.groupBy(
    skipped.flatMap((name) => missingOf(name).map((need) => ({ need, name }))),
    ({ need }) => need,
  );
  return [...byNeed].flatMap(([need, tests]) => {
    const how = need in PACKAGES
      ? `not installed (Debian: apt-get install ${PACKAGES[need as Program]})`
      : need === OPTIONAL
      ? `cannot run here, ${missingPermission() ?? "it could not when the tests were loaded"}`
      : "no permission to mount one (root on Linux has it)";
    const count = `${tests.length} ${tests.length === 1 ? "test" : "tests"} skipped`;
    return [`${need}: ${how}; ${count}:`, ...tests.map(({ name }) => `  ${name}`)];
  });
}

/** Installs the packages of missing programs, if this process may. */
async function install(needed: ReadonlyMap<Program, readonly string[]>): Promise<void> {
  const missing = [...needed].filter(([program]) => isMissing(program));
  if (missing.length === 0 || Deno.env.get("SPHTTP_TEST_INSTALL") === "0") return;
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return;
  if (findExecutable("apt-get") === undefined) return;
  const packages = [...new Set(missing.flatMap(([program]) => PACKAGES[program].split(" ")))];
  const files = new Set(missing.flatMap(([, files]) => files)).size;
  console.log(
    `installing ${packages.join(" ")} with apt-get, needed by ${files} test ` +
      `${files === 1 ? "file" : "files"} (SPHTTP_TEST_INSTALL=0 prevents it)`,
  );
  const options = ["-y", "-qq", "--no-install-recommends"];
  const updated = await aptGet("update", "-qq");
  if (updated && await aptGet("install", ...options, ...packages)) return;
  // One that cannot be had must not keep the others away.
  for (const name of packages) {
    const other = OTHER_PACKAGES[name];
    if (await aptGet("install", ...options, name) || other === undefined) continue;
    await aptGet("install", ...options, other);
  }
}

/** Runs apt-get; reports whether it succeeded, and prints what it said if it did not. */
async function aptGet(...args: string[]): Promise<boolean> {
  const { success, stdout, stderr } = await new Deno.Command("apt-get", {
    args: ["-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=30", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
  }).output();
  if (success) return true;
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim()).join("\n");
  console.error(`apt-get ${args.join(" ")} failed:\n${text.split("\n").slice(-8).join("\n")}`);
  return false;
}

/** Most tests wait for timers and for other programs, rather than for the processor. */
const JOBS_PER_CORE = 2;

async function namesPath(args: readonly string[]): Promise<boolean> {
  const infos = args.map((arg) => Deno.stat(arg).catch(() => undefined));
  return (await Promise.all(infos)).some((info) => info !== undefined);
}

/** Returns arguments for all documented examples, and for all tests in batches. */
async function everything(folder: string, jobs: number): Promise<string[]> {
  const documented = ["lib", "docs"];
  for await (const { name } of Deno.readDir(".")) {
    if (/\.(ts|md)$/.test(name)) documented.push(name);
  }
  const files = (await testFiles(["tests"])).map((file) => Deno.realPathSync(file));
  return ["--no-check", ...documented, ...writeBatches(folder, files, jobs)];
}

/** Starts a browser for all tests, and returns the variable by which they find it. */
async function sharedBrowser() {
  const { BROWSER_VARIABLE, serveBrowser } = await import("./support/programs/browser.ts");
  const server = await serveBrowser();
  return {
    env: { [BROWSER_VARIABLE]: server.wsEndpoint() },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Bundles both commands for all tests, and returns the variable by which they find them. */
async function sharedBundles(folder: string): Promise<Record<string, string>> {
  const [{ buildBundles }, { BUNDLES_VARIABLE }] = await Promise.all([
    import("../build/bundle.ts"),
    import("./support/programs/own_commands.ts"),
  ]);
  await buildBundles(folder);
  return { [BUNDLES_VARIABLE]: folder };
}

/** Runs `deno test`; returns its exit code, and what its report counts, if it wrote one. */
async function runTests(
  args: readonly string[],
  report: string,
  env: Readonly<Record<string, string>>,
) {
  const options = ["--import-map=import_map.npm.json", "--allow-all", "--doc", "--parallel"];
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", ...options, `--junit-path=${report}`, ...args],
    env,
  }).spawn().status;
  const xml = await Deno.readTextFile(report).catch(() => undefined);
  return { code, counts: xml === undefined ? undefined : readReport(xml) };
}

/** Runs the tests; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const isCi = Deno.env.get("CI") === "true";
  const needed = await neededPrograms(await testFiles(args));
  await install(needed);
  await using browser = needed.has("chromium") && !isMissing("chromium")
    ? await sharedBrowser()
    : undefined;
  using place = workplace();
  const given = Number(Deno.env.get("DENO_JOBS"));
  const jobs = given > 0 ? given : JOBS_PER_CORE * navigator.hardwareConcurrency;
  const isPart = await namesPath(args);
  const paths = isPart ? [] : await everything(place.path, jobs);
  const bundles = isPart ? {} : await sharedBundles(place.at("bundles"));
  const env = { ...browser?.env, ...bundles, DENO_JOBS: String(jobs) };
  const { code, counts } = await runTests([...args, ...paths], place.at("junit.xml"), env);
  // Without a report, no test was run, and deno has said why.
  if (counts === undefined) return code;
  const users = [...new Set([...needed.values()].flat())];
  const again = isCi && !isPart ? secondRun(counts.failed, users) : undefined;
  if (again !== undefined) {
    const { counts: alone } = await runTests(again, place.at("alone.xml"), env);
    for (const line of secondRunLines(counts.failed, alone?.failed)) console.log(line);
  }
  const { passed, failed, skipped } = counts;
  for (const line of skippedLines(skipped)) console.log(line);
  const isFatal = isCi && skipped.some(wantsProgram);
  if (isFatal) console.log("CI=true: a test skipped for want of a program fails the run");
  const skips = skipped.length === 0 ? "" : `, ${skipped.length} skipped`;
  console.log(`${passed} passed, ${failed.length} failed${skips}`);
  return code === 0 && isFatal ? 1 : code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
