/**
 * The benchmarks over real sockets, on Linux:
 *
 *     deno task bench                          all of them, about an hour
 *     deno task bench speed memory pause       over loopback; nginx must be installed
 *     deno task bench startup disk large       the command line over loopback
 *     deno task bench proxy clients seek aborts paused   the proxy over loopback; nginx must be installed
 *     deno task bench faults                   all of the fault matrix; writes docs/faults.md
 *     deno task bench failover                 how long a reader waits when one of two mirrors fails
 *     deno task bench heal                     what digests cost, and mirrors that flip bits
 *     deno task bench http2                    5000 ranges by each version of HTTP; nginx must be installed
 *     deno task bench algorithms               the measures of the thesis on its testbed
 *     deno task bench algorithms --plots [DIR] its figures, drawn from runs of each algorithm; docs/figures
 *     deno task bench links                    whole commands over all sets of shaped links
 *     deno task bench links testbed silent     over some sets
 *     deno task bench net                      whole commands over the kernel's TCP; needs root
 *     deno task bench net testbed:10 lossy     over some scenarios, a file of 10 MB over the first
 *     deno task bench tcp                      the simulator's TCP beside the kernel's; needs root
 *     deno task bench soak --minutes 10        whether memory and descriptors stay flat under use
 *     deno task bench crash                    downloads that are killed, or lose their disk, and resumed
 *     deno task bench chaos --runs 300         random schedules; --seed N --runs 1 replays one
 *
 * `links` has flags: `--only diff,curl` (some commands), `--runs 1` (default 3), `--json [FILE]` (all
 * measurements and curves; default bench-links.json) and `--svg FILE` (a picture of the first set).
 * `net` has its own flags, see `tests/netlab/README.md`; it is not among "all of them", nor are `tcp`, `soak`,
 * `chaos` and `crash` (`--kills 200 --seed 1`).
 *
 * sphttp runs from its bundle, as it is released: `deno task bundle` is run first. With `--source` it runs from its
 * modules, as `deno task sphttp` does; the bench `startup` shows both.
 *
 * Compare figures of one run only: machines differ, and are never idle.
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
import { buildBundle, chooseForm, formText } from "./own_command.ts";
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

function parse(args: readonly string[]): () => Promise<void> {
  if (args[0] === "net") {
    const options = parseNetArguments(args.slice(1), NET_CHOICES);
    return () => net(options);
  }
  if (args[0] === "tcp") {
    const options = parseCalibrationArguments(args.slice(1));
    return () => calibrate(options);
  }
  if (args[0] === "crash") {
    const options = parseCrashArguments(args.slice(1));
    return () => crash(options);
  }
  if (args[0] === "chaos") {
    const options = parseChaosArguments(args.slice(1));
    return () => chaos(options);
  }
  if (args[0] === "soak") {
    const options = parseSoakArguments(args.slice(1));
    return () => soak(options);
  }
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

const SOURCE = "--source";

let run: () => Promise<void>;
try {
  run = parse(Deno.args.filter((arg) => arg !== SOURCE));
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
if (Deno.args.includes(SOURCE)) chooseForm("modules");
await buildBundle();
console.log(formText());
await run();
