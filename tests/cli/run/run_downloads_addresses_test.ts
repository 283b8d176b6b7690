import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { loadTrace } from "../../../lib/cli/analyze/trace_reader.ts";
import { reportOf } from "../../../lib/cli/plot/trace_report.ts";
import { MirrorBook } from "../../../mod.ts";
import { type AddressServers, startAddresses } from "../../support/address_servers.ts";
import { runCommand, shownBy } from "../../support/cli/run_command.ts";
import { inTime } from "../../support/download.ts";
import { randomContent } from "../../support/lab/content.ts";
import { workplace } from "../../support/workplace.ts";

const FILE = randomContent(3_000_000, 22);
const TWO = ["127.0.0.1", "127.0.0.2"];

function flags({ place, url }: AddressServers, file: string): string[] {
  return ["--each-address", "--resolve", `${place}:${TWO.join(",")}`, "-o", file, url];
}

Deno.test("--each-address: -v, the trace and the statistics tell addresses apart", () =>
  // Both addresses have to deliver some of the file.
  inTime(async () => {
    using place = workplace();
    await using servers = await startAddresses({ content: FILE, addresses: TWO });
    const [trace, stats] = [place.at("trace"), place.at("stats")];
    const { shown, written } = await runCommand([
      ...["-v", "--trace", trace, "--server-stat-of", stats, "-w", "%{mirrors}\n"],
      ...flags(servers, place.at("f")),
    ]);
    assertEquals(place.read("f"), FILE.read(0, FILE.size));
    const urls = TWO.map((address) => `${servers.url}#${address}`);
    for (const url of urls) assertStringIncludes(shown, `probing ${url} with`);
    assertMatch(shown, /from 2 mirrors/);
    assertEquals(written, "2\n");
    const report = reportOf(await loadTrace(trace));
    assertEquals(report.mirrors.map(({ url }) => url).toSorted(), urls);
    assert(report.mirrors.every(({ bytes }) => bytes > 0));
    const { origins } = MirrorBook.fromJSON(JSON.parse(place.readText("stats"))).toJSON();
    assert(Object.keys(origins).every((name) => /^http:[^#]*#127\.0\.0\.[12]$/.test(name)));
  }));

Deno.test("--each-address: a part file is continued with and without it", async () => {
  for (const [first, then] of [[true, true], [true, false], [false, true]]) {
    using place = workplace();
    await using servers = await startAddresses({ content: FILE, addresses: TWO });
    const file = place.at("f");
    const command = (each: boolean | undefined) =>
      ["-C", "-", ...flags(servers, file)].filter((flag) => each || flag !== "--each-address");
    await assertRejects(() =>
      runCommand(["-v", "--limit-rate=2M", ...command(first)], (shown, abort) => {
        if (/block 0 received/.test(shown)) abort();
      })
    );
    assertEquals(place.names(), ["f.part", "f.part.json"]);
    await shownBy(command(then));
    assertEquals(place.read("f"), FILE.read(0, FILE.size));
  }
});
