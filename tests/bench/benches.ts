/**
 * All benchmarks by their names, and what a command line means.
 *
 * @module
 */

import { findProgram } from "../support/programs/programs.ts";
import { net, NET_CHOICES } from "../netlab/bench/net.ts";
import { parseNetArguments } from "../netlab/bench/net_arguments.ts";
import { calibrate, parseCalibrationArguments } from "../netlab/calibration/calibration.ts";
import { algorithms } from "./algorithms.ts";
import { algorithmPlots, parsePlotsArguments } from "./algorithm_plots.ts";
import { type BenchArguments, parseBenchArguments } from "./arguments.ts";
import { chaos, parseChaosArguments } from "./chaos/chaos.ts";
import { crash, parseCrashArguments } from "./crash.ts";
import { disk, large, startup } from "./command.ts";
import { CONTENDERS } from "./contenders.ts";
import { failover } from "./failover.ts";
import { heal } from "./heal.ts";
import { faults } from "./faults.ts";
import { LINK_SETS } from "./link_sets.ts";
import { links } from "./links.ts";
import { memory, pause, speed } from "./loopback.ts";
import { http2 } from "./range_soak.ts";
import { parseSoakArguments, soak } from "./soak/soak.ts";
import { pausedClients } from "./paused_clients.ts";
import { proxyAborts, proxyClients, proxySeek, proxySpeed } from "./proxy.ts";

type Bench = (args: BenchArguments) => Promise<void>;

/** All benchmarks in order; some need nginx. */
const benches: Record<string, { run: Bench; nginx: boolean }> = {
  speed: { run: speed, nginx: true },
  memory: { run: memory, nginx: true },
  startup: { run: startup, nginx: false },
  disk: { run: disk, nginx: true },
  large: { run: large, nginx: true },
  proxy: { run: proxySpeed, nginx: true },
  clients: { run: proxyClients, nginx: true },
  seek: { run: proxySeek, nginx: false },
  aborts: { run: proxyAborts, nginx: true },
  paused: { run: pausedClients, nginx: true },
  algorithms: { run: algorithms, nginx: false },
  links: { run: (args) => links(args.links), nginx: false },
  pause: { run: pause, nginx: true },
  http2: { run: http2, nginx: true },
  failover: { run: failover, nginx: false },
  faults: { run: faults, nginx: false },
  heal: { run: heal, nginx: true },
};

/** Those with arguments of their own. */
const OWN_ARGUMENTS: ReadonlyMap<string, (args: readonly string[]) => () => Promise<void>> =
  new Map([
    ["net", running((args) => parseNetArguments(args, NET_CHOICES), net)],
    ["tcp", running(parseCalibrationArguments, calibrate)],
    ["crash", running(parseCrashArguments, crash)],
    ["chaos", running(parseChaosArguments, chaos)],
    ["soak", running(parseSoakArguments, soak)],
  ]);

function running<Options>(
  parse: (args: readonly string[]) => Options,
  run: (options: Options) => Promise<void>,
): (args: readonly string[]) => () => Promise<void> {
  return (args) => {
    const options = parse(args);
    return () => run(options);
  };
}

/**
 * Parses the arguments of `deno task bench`; returns what runs them.
 *
 * @throws {RangeError} if there is no such bench or flag, or a value is missing or invalid
 */
export function parseBench(args: readonly string[]): () => Promise<void> {
  const [name = "", ...rest] = args;
  const parse = OWN_ARGUMENTS.get(name);
  if (parse !== undefined) return parse(rest);
  const folder = parsePlotsArguments(args);
  if (folder !== undefined) return () => algorithmPlots(folder);
  const options = parseBenchArguments(args, {
    benches: Object.keys(benches),
    sets: LINK_SETS.map(({ name }) => name),
    contenders: CONTENDERS.map(({ name }) => name),
  });
  return () => runAll(options);
}

async function runAll(args: BenchArguments): Promise<void> {
  for (const name of args.benches) {
    const { run, nginx } = benches[name]!;
    if (nginx && findProgram("nginx") === undefined) {
      console.log(`\n${name}: skipped, nginx is not installed`);
    } else await run(args);
  }
}
