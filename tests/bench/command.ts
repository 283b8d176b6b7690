/**
 * Benchmarks of the command line over loopback: time to the first request, speed of writing a file
 * compared with the usual tools, and memory.
 *
 * @module
 */

import { findExecutable } from "../support/programs/programs.ts";
import { buildBundle, type Form, sphttp } from "./own_command.ts";
import { withHoles } from "./served.ts";
import { median, runMeasured, table } from "./usage.ts";

const GIB = 1024 ** 3;
const STARTS = 15;
const RUNS = 5;

/** Measures the time from the start of the process to its first request, next to that of Deno itself. */
export async function startup(): Promise<void> {
  const rows: Record<string, number[]> = {
    "deno --version": [],
    "deno run of an empty file": [],
    "sphttp, until its first request": [],
    "the same from its modules": [],
  };
  const all = Object.values(rows);
  await buildBundle({ from: "bundle" });
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/empty.ts`, "");
    for (let run = 0; run <= STARTS; run++) {
      const times = [
        await lifetime(["--version"]),
        await lifetime(["run", "--quiet", `${folder}/empty.ts`]),
        await untilFirstRequest("bundle"),
        await untilFirstRequest("modules"),
      ];
      // The first round warms up caches.
      if (run === 0) continue;
      for (const [index, time] of times.entries()) all[index]!.push(time);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const base = median(all[0]!);
  console.log(`\nFrom the start of the process, medians of ${STARTS} runs in turns\n`);
  console.log(table([
    ["", "ms", "beyond deno --version"],
    ...Object.entries(rows).map(([name, times]) => [
      name,
      median(times).toFixed(0),
      (median(times) - base).toFixed(0),
    ]),
  ]));
}

async function lifetime(args: string[]): Promise<number> {
  const startedAt = performance.now();
  await new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "null" }).output();
  return performance.now() - startedAt;
}

/** Returns the milliseconds until the command has connected and sent bytes. */
async function untilFirstRequest(from: Form): Promise<number> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}/f`;
  const [program, ...args] = [...sphttp({ from }), "-o", "/dev/null", url];
  const startedAt = performance.now();
  const child = new Deno.Command(program!, { args, stdout: "null", stderr: "null" }).spawn();
  using connection = await listener.accept();
  await connection.read(new Uint8Array(1024));
  const took = performance.now() - startedAt;
  child.kill("SIGKILL");
  await child.status;
  return took;
}

/** Writes 1 GiB into a file, with sphttp, curl, aria2c and axel. */
export async function disk(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const compare = async (urlsOf: (size: number) => string[]) => {
    const urls = urlsOf(GIB);
    const [one] = urls;
    const file = `${folder}/out`;
    const tool = (name: string, args: string[]) => {
      const program = findExecutable(name);
      return program === undefined ? undefined : [program, ...args];
    };
    const contenders: Record<string, string[] | undefined> = {
      "curl -o, one mirror": tool("curl", ["-s", "-o", file, one!]),
      "sphttp -o, one mirror": [...sphttp(), "-s", "-o", file, one!],
      "sphttp -o, three mirrors": [...sphttp(), "-s", "-o", file, ...urls],
      "aria2c, three mirrors": tool("aria2c", [
        ...["-q", "--file-allocation=none", "-x3", "-s3", "-k1M"],
        ...["-d", folder, "-o", "out", ...urls],
      ]),
      "axel, three mirrors": tool("axel", ["-q", "-n", "3", "-o", file, ...urls]),
    };
    const rows = Object.entries(contenders).flatMap(([name, command]) =>
      command === undefined ? [] : [{ name, command, runs: [] as number[], cpu: [] as number[] }]
    );
    for (let run = 0; run <= RUNS; run++) {
      for (const { name, command, runs, cpu } of rows) {
        const { success, seconds, cpuSeconds } = await runMeasured(command);
        const { size } = await Deno.stat(file);
        if (!success || size !== GIB) throw new Error(`${name}: the file has ${size} bytes`);
        await Deno.remove(file);
        if (run > 0) {
          runs.push(seconds);
          cpu.push(cpuSeconds);
        }
      }
    }
    console.log(`\n1 GiB into a file, start included, medians of ${RUNS} runs in turns\n`);
    const base = rows[0]!.runs;
    console.log(table([
      ["", "MB/s", `of ${rows[0]!.name}`, "CPU s"],
      ...rows.map(({ name, runs, cpu }) => [
        name,
        (GIB / 1e6 / median(runs)).toFixed(0),
        median(runs.map((seconds, index) => base[index]! / seconds)).toFixed(2),
        median(cpu).toFixed(2),
      ]),
    ]));
  };
  await withHoles([GIB], compare).finally(() => Deno.remove(folder, { recursive: true }));
}

/** Measures the memory of the command during 10 GiB. */
export async function large(): Promise<void> {
  await withHoles([10 * GIB], async (urlsOf) => {
    const urls = urlsOf(10 * GIB);
    const [program, ...args] = [...sphttp(), "-s", "-o", "/dev/null", ...urls];
    const startedAt = performance.now();
    const child = new Deno.Command(program!, { args }).spawn();
    let ended = false;
    const status = child.status.then((status) => {
      ended = true;
      return status;
    });
    const samples: number[] = [];
    while (!ended) {
      samples.push(residentBytes(child.pid));
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    const { success } = await status;
    const seconds = (performance.now() - startedAt) / 1000;
    const known = samples.filter((bytes) => bytes > 0).map((bytes) => bytes / 1e6);
    const quarter = Math.floor(known.length / 4);
    const mean = (values: number[]) =>
      (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(0);
    console.log("\n10 GiB from three mirrors to /dev/null\n");
    console.log(
      `${success ? "complete" : "FAILED"}, ${(10 * GIB / 1e6 / seconds).toFixed(0)} MB/s`,
    );
    console.log(
      `resident memory: ${mean(known.slice(quarter, 2 * quarter))} MB on average in the second ` +
        `quarter, ${mean(known.slice(3 * quarter))} MB in the last, ` +
        `${Math.max(...known).toFixed(0)} MB at most`,
    );
  });
}

/** Returns the resident memory of a process, 0 if it has ended. */
function residentBytes(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
