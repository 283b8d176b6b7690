/**
 * Compares the simulator's model of TCP with the kernel's: the goodput of some connections that request
 * ranges one after the other, over the same links.
 *
 *     deno task bench tcp                      all links, medians of three runs; about half an hour
 *     deno task bench tcp 150/10 --runs 1      one link; 0 runs: the model only
 *
 * A run that cannot be trusted is repeated; `?` marks one that still could not be.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { median, table } from "../../bench/usage.ts";
import { networkOf } from "../../support/simulator/tcp/networks.ts";
import { runRangeLoad } from "../../support/simulator/tcp/range_load.ts";
import { buildNetlab, type Netlab, whyNoNetlab } from "../build.ts";
import { openLabLock } from "../lab_lock.ts";
import { runInLab } from "../run_in_lab.ts";
import { labArguments, type Scenario } from "../scenarios.ts";

interface CalibrationLink {
  readonly scenario: Scenario;
  /** Duration of each load: long links need more time to settle. */
  readonly seconds: number;
}

function linkOf(rate: number, rtt: number, seconds: number, loss?: number): CalibrationLink {
  const settings = loss === undefined ? {} : { loss };
  return { scenario: { title: "one link", links: [{ rate, rtt, settings }] }, seconds };
}

/** Links by their rates in Mbit/s, round trips in milliseconds, and losses. */
const LINKS: Readonly<Record<string, CalibrationLink>> = {
  "150/10": linkOf(150, 10, 4),
  "50/30": linkOf(50, 30, 5),
  "15/100": linkOf(15, 100, 8),
  "200/80": linkOf(200, 80, 8),
  "150/10/0.5%": linkOf(150, 10, 5, 0.005),
};

const CONNECTIONS = [1, 2, 4, 8];
/** Lengths of ranges; the last one stands for a response without an end. */
const RANGES: readonly (readonly [title: string, bytes: number])[] = [
  ["0.1 MB", 100_000],
  ["0.5 MB", 500_000],
  ["2 MB", 2_000_000],
  ["endless", 1_000_000_000],
];

const SEEDS = [1, 2, 3, 4, 5];
/** A deviation beyond this is marked. */
const TOLERANCE = 0.15;
/** A run with more of its packets over 1 ms late is not trusted, and repeated so often. */
const MOST_LATE = 0.01;
const REPEATS = 2;
/** The file is not written: it has a hole of this size. */
const FILE_BYTES = 1e12;
/** Time for the client's start and end, in seconds. */
const GRACE = 20;

/** One load on one link. */
interface Load {
  readonly link: CalibrationLink;
  readonly connections: number;
  readonly rangeBytes: number;
}

interface Measured {
  readonly share: number;
  readonly drops: number;
  readonly isTrusted: boolean;
}

/** Options of {@linkcode calibrate}. */
export interface CalibrationOptions {
  readonly links: readonly string[];
  readonly runs: number;
}

/**
 * Parses the command line.
 *
 * @throws {RangeError} if a link or a number is invalid
 */
export function parseCalibrationArguments(args: readonly string[]): CalibrationOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { runs: { type: "string", default: "3" } },
  });
  const names = Object.keys(LINKS);
  for (const name of positionals) {
    if (names.includes(name)) continue;
    throw new RangeError(`There is no link "${name}"; there are ${names.join(", ")}`);
  }
  if (!/^\d+$/.test(values.runs)) {
    throw new RangeError(`--runs takes a whole number, got ${values.runs}`);
  }
  return { links: positionals.length > 0 ? positionals : names, runs: Number(values.runs) };
}

/** Prints the goodput of all loads on some links, in the model and in the lab. */
export async function calibrate({ links, runs }: CalibrationOptions): Promise<void> {
  const reason = runs > 0 ? whyNoNetlab() : undefined;
  if (reason !== undefined) console.log(`tcp: the model only, the lab cannot run here: ${reason}`);
  const withLab = runs > 0 && reason === undefined;
  await using stack = new AsyncDisposableStack();
  const lab = withLab ? stack.use(await openLab()) : undefined;
  const deviations: number[] = [];
  for (const name of links) {
    const rows = [[
      "",
      "connections",
      "model",
      "drops",
      "lab",
      "drops",
      "of the runs",
      "deviation",
    ]];
    for (const connections of CONNECTIONS) {
      for (const [title, rangeBytes] of RANGES) {
        const load = { link: LINKS[name]!, connections, rangeBytes };
        const model = modelled(load);
        const measured = lab === undefined ? [] : await lab.measure(load, runs);
        const row = rowOf(model, measured);
        if (row.deviation !== undefined) deviations.push(Math.abs(row.deviation));
        rows.push([title, `${connections}`, ...row.cells]);
      }
    }
    console.log(`\n${name}: shares of the link\n\n${table(rows)}`);
  }
  if (deviations.length === 0) return;
  const within = deviations.filter((deviation) => deviation <= TOLERANCE).length;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  console.log(
    `\n${within} of ${deviations.length} loads within ${percent(TOLERANCE)}, ` +
      `median ${percent(median(deviations))}, worst ${percent(Math.max(...deviations))}`,
  );
}

function rowOf(
  model: Pick<Measured, "share" | "drops">,
  measured: readonly Measured[],
): { readonly cells: string[]; readonly deviation: number | undefined } {
  const cells = [model.share.toFixed(3), model.drops.toFixed(0)];
  if (measured.length === 0) return { cells: [...cells, "", "", "", ""], deviation: undefined };
  const trusted = measured.filter(({ isTrusted }) => isTrusted);
  const chosen = trusted.length > 0 ? trusted : measured;
  const share = median(chosen.map((one) => one.share));
  const deviation = model.share / share - 1;
  const runs = measured.map((one) => one.share.toFixed(3) + (one.isTrusted ? "" : "?"));
  return {
    cells: [
      ...cells,
      share.toFixed(3),
      median(chosen.map(({ drops }) => drops)).toFixed(0),
      runs.join(" "),
      `${(100 * deviation).toFixed(0)} %${Math.abs(deviation) > TOLERANCE ? "!" : " "}`,
    ],
    deviation,
  };
}

/** Returns the medians of the model, over some seeds. */
function modelled({ link, ...load }: Load): Pick<Measured, "share" | "drops"> {
  const [mirror] = networkOf(link.scenario).links;
  const outcomes = SEEDS.map((seed) =>
    runRangeLoad(mirror!, { ...load, seconds: link.seconds, seed })
  );
  return {
    share: median(outcomes.map(({ share }) => share)),
    drops: median(outcomes.map(({ drops }) => drops.queue)),
  };
}

function seeded(scenario: Scenario, seed: number): Scenario {
  const links = scenario.links.map((link) => ({ ...link, settings: { ...link.settings, seed } }));
  return { ...scenario, links };
}

interface CalibrationLab extends AsyncDisposable {
  measure(load: Load, runs: number): Promise<Measured[]>;
}

async function openLab(): Promise<CalibrationLab> {
  await using stack = new AsyncDisposableStack();
  const netlab = stack.use(await buildNetlab());
  const folder = await Deno.makeTempDir({ prefix: "sphttp-tcp-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.writeFile(`${folder}/file`, new Uint8Array());
  await Deno.truncate(`${folder}/file`, FILE_BYTES);
  const lock = stack.use(await openLabLock());
  const held = stack.move();
  return {
    async measure(load, runs) {
      const measured: Measured[] = [];
      while (measured.length < runs) {
        for (let repeated = 0;; repeated++) {
          const seed = SEEDS[measured.length % SEEDS.length]!;
          const one = await measureOnce(load, { netlab, folder, lock, seed });
          if (!one.isTrusted && repeated < REPEATS) continue;
          measured.push(one);
          break;
        }
      }
      return measured;
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function measureOnce(
  { link: { scenario, seconds }, connections, rangeBytes }: Load,
  { netlab, folder, lock, seed }: {
    readonly netlab: Netlab;
    readonly folder: string;
    readonly lock: Deno.FsFile;
    /** Of losses. */
    readonly seed: number;
  },
): Promise<Measured> {
  const output = `${folder}/output`;
  const client = new URL("range_client.ts", import.meta.url).pathname;
  const url = "http://10.77.1.2/file";
  const load = [url, `${connections}`, `${rangeBytes}`, `${seconds}`];
  await lock.lock(true);
  try {
    const { outcome, statistics, messages } = await runInLab({
      program: netlab.program,
      lab: [...labArguments(seeded(scenario, seed)), "--www", folder],
      command: [
        "sh",
        ...["-c", 'output=$1; shift; exec "$@" >"$output"', "sh", output],
        ...[Deno.execPath(), "run", "--quiet", "--no-check", "-A", client, ...load],
      ],
      file: output,
      timeoutSeconds: seconds + GRACE,
    });
    if (outcome !== "complete") throw new Error(`the client failed: ${messages.trim()}`);
    const { bytes, seconds: elapsed } = JSON.parse(await Deno.readTextFile(output));
    const { rate } = scenario.links[0]!;
    return {
      share: bytes / elapsed / (rate * 125_000 * 1448 / 1500),
      drops: statistics.links[0]!.drops.queue,
      isTrusted: statistics.lag_ms.over_1 <= MOST_LATE && statistics.device_drops === 0,
    };
  } finally {
    await lock.unlock();
  }
}
