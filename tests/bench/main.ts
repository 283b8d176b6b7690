/**
 * The benches over real sockets. Linux, with nginx installed:
 *
 *     deno task bench                 all of them, about four minutes
 *     deno task bench speed memory    some of them
 *
 * Compare figures of one run only: machines differ, and are never quite idle.
 *
 * @module
 */

import { nginxPath } from "../support/nginx.ts";
import { memory, pause, speed } from "./loopback.ts";
import { testbed, tools } from "./testbed.ts";

const benches: Record<string, { run: () => Promise<void>; nginx: boolean }> = {
  speed: { run: speed, nginx: true },
  memory: { run: memory, nginx: true },
  testbed: { run: testbed, nginx: false },
  tools: { run: tools, nginx: false },
  pause: { run: pause, nginx: true },
};

const chosen = Deno.args.length > 0 ? Deno.args : Object.keys(benches);
for (const name of chosen) {
  const bench = benches[name];
  if (bench === undefined) {
    console.error(`There is no bench "${name}"; there are ${Object.keys(benches).join(", ")}`);
    Deno.exit(2);
  }
  if (bench.nginx && nginxPath() === undefined) {
    console.log(`\n${name}: needs nginx, which is not installed`);
  } else await bench.run();
}
