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

import { parseBench } from "./benches.ts";
import { buildBundle, chooseForm, formText } from "./own_command.ts";

const SOURCE = "--source";

let run: () => Promise<void>;
try {
  run = parseBench(Deno.args.filter((arg) => arg !== SOURCE));
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
if (Deno.args.includes(SOURCE)) chooseForm("modules");
await buildBundle();
console.log(formText());
await run();
