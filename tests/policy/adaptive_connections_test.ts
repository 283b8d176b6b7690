/** Servers that limit connections, over links with TCP: the download ends with the file, and in time. */

import { assert, assertEquals } from "@std/assert";
import type { Excess, TcpMirror } from "../support/simulator/tcp/mirror.ts";
import { tcpMirror } from "../support/simulator/tcp/mirror.ts";
import { simulateTcp } from "../support/simulator/tcp/simulation.ts";

/** Downloads with the default number of connections; returns the time, and that of the links alone. */
function download(links: readonly TcpMirror[], size: number): { seconds: number; best: number } {
  const { error, seconds } = simulateTcp({
    links,
    size,
    delay: "adaptive",
    maxConnectionsPerMirror: 8,
    limitSeconds: 120,
  });
  assertEquals(error, undefined);
  const rate = links.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);
  return { seconds, best: size / rate };
}

const RATES = [[50, 20], [20, 40], [10, 60]] as const;

for (const excess of ["refuse", "reset", "silent"] satisfies Excess[]) {
  const connectionLimit = { most: 2, excess };
  const links = RATES.map(([rate, ms]) => tcpMirror(rate, ms, { connectionLimit }));

  Deno.test(`adaptive: mirrors whose third connection is met by "${excess}" go on with two`, () => {
    for (const mirrors of [links, [links[0]!, tcpMirror(20, 40)], links.slice(0, 1)]) {
      const { seconds, best } = download(mirrors, 20e6);
      // Who is never answered learns that by a timeout only.
      const most = excess === "silent" ? 3 * best + 45 : 1.6 * best + 0.5;
      assert(seconds <= most, `${mirrors.length} mirrors: ${seconds} s, links alone ${best} s`);
    }
  });
}

Deno.test("adaptive: 60 mirrors, and a link that loses a fifth, end with the file", () => {
  const sixty = Array.from({ length: 60 }, (_, index) => tcpMirror(2 + index % 20, 10 + 3 * index));
  const { seconds, best } = download(sixty, 30e6);
  assert(seconds <= best + 3, `${seconds} s, links alone ${best} s`);
  const lossy = tcpMirror(50, 20, { loss: 0.2 });
  download([lossy], 1e6);
  const beside = download([lossy, tcpMirror(20, 40)], 10e6);
  assert(beside.seconds <= 1.3 * 10e6 / 2.5e6, `${beside.seconds} s`);
});
