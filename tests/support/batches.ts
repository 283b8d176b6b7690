/**
 * Test files in batches: a module that imports several of them costs `deno test` one isolate instead of one for each,
 * which takes longer to start than most files take to run. Reports name the files all the same.
 *
 * @module
 */

import { pathToFileURL } from "node:url";

/** Files that take much longer than others, the longest first: ends of paths, and seconds on two cores. */
const LONG: readonly (readonly [end: string, seconds: number])[] = [
  ["proxy/kinds_test.ts", 60],
  ["/kinds/limits_test.ts", 55],
  ["build/npm_test.ts", 35],
  ["/cli_test.ts", 25],
  ["kinds/lengths_test.ts", 25],
  ["kinds/statuses_test.ts", 25],
  ["policy/networks_test.ts", 25],
  ["cli/part/continuation_command_test.ts", 20],
  ["engine/downloader_limits_test.ts", 20],
  ["fuzz/growth_test.ts", 20],
  ["kinds/patience_test.ts", 20],
  ["kinds/real_servers_test.ts", 20],
  ["proxy/descriptors_test.ts", 20],
  ["proxy/page/page_form_test.ts", 15],
  ["engine/downloader_adaptive_test.ts", 15],
  ["kinds/identity_test.ts", 15],
  ["kinds/oddities_test.ts", 15],
  ["tasks/mirror_list_tasks_test.ts", 15],
  ["proxy/page/page_live_test.ts", 10],
  ["proxy/video_test.ts", 10],
  ["proxy/browser_guard_test.ts", 10],
  ["proxy/page/page_test.ts", 10],
  ["bench/chaos/chaos_test.ts", 10],
  ["build/bundle_test.ts", 10],
  ["cli/probe/probe_command_test.ts", 10],
  ["engine/downloader_lies_test.ts", 10],
  ["engine/downloader_robustness_test.ts", 10],
  ["kinds/pages_test.ts", 10],
  ["kinds/parts_test.ts", 10],
  ["kinds/redirects_test.ts", 10],
  ["kinds/variants_test.ts", 10],
  ["netlab/run_in_lab_test.ts", 10],
  ["policy/bounds_test.ts", 10],
  ["proxy/handler_wire_test.ts", 10],
  ["proxy/many_clients_test.ts", 10],
  ["failure/refusals_test.ts", 10],
  ["command/serve_test.ts", 10],
  ["transport/transport_proxy_environment_test.ts", 10],
];
/** Seconds that any other file takes. */
const USUAL_SECONDS = 2;
/** Seconds that a batch takes at least: an isolate costs more than a second, and compiles all code again. */
const LEAST_SECONDS = 60;
/** Neighbours, which tend to take equally long, are apart by one of so many parts of all files. */
const PARTS = 16;

/** Returns how long a file takes, in seconds. */
function secondsOf(file: string): number {
  return LONG.find(([end]) => file.endsWith(end))?.[1] ?? USUAL_SECONDS;
}

/**
 * Deals files out into batches that so many jobs run. Each batch is a share of what is left, so that the first ones,
 * which start first, are long, and have the files that take long; the last ones are short, and end together.
 */
export function batches(files: readonly string[], jobs: number): string[][] {
  const place = (file: string) => LONG.findIndex(([end]) => file.endsWith(end));
  const long = files.filter((file) => place(file) >= 0);
  const others = files.filter((file) => place(file) < 0).sort();
  const ordered = [
    ...long.sort((one, other) => place(one) - place(other)),
    ...Array.from({ length: PARTS }, (_, part) => others.filter((_, at) => at % PARTS === part)),
  ].flat();
  const dealt: string[][] = [];
  let left = ordered.reduce((sum, file) => sum + secondsOf(file), 0);
  let room = 0;
  for (const file of ordered) {
    const seconds = secondsOf(file);
    if (seconds > room) {
      room = Math.max(LEAST_SECONDS, left / (1.5 * jobs));
      dealt.push([]);
    }
    dealt.at(-1)!.push(file);
    room -= seconds;
    left -= seconds;
  }
  return dealt;
}

/** What a test file says that holds what others leave in the process against it. */
const OWN_ISOLATE = "// Runs in an isolate of its own: ";

/** Clears what the downloads of an isolate share before each test. */
const FORGET = new URL("forget_mirrors.ts", import.meta.url).href;

/** Writes a module for each batch of test files into a folder, and returns the paths of the modules. */
export function writeBatches(folder: string, files: readonly string[], jobs: number): string[] {
  const [alone, together] = [true, false].map((isAlone) =>
    files.filter((file) => Deno.readTextFileSync(file).startsWith(OWN_ISOLATE) === isAlone)
  );
  const own = alone!.map((file) => [file]);
  return [...batches(together!, jobs), ...own].map((batch, index) => {
    const path = `${folder}/batch_${String(index + 1).padStart(2, "0")}_test.ts`;
    const urls = [FORGET, ...batch.map((file) => pathToFileURL(file).href)];
    const imports = urls.map((url) => `import ${JSON.stringify(url)};\n`);
    Deno.writeTextFileSync(path, imports.join(""));
    return path;
  });
}
