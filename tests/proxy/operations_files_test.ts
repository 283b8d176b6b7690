/** The files and tables of docs/operations.md: each is held against what it describes. */

import { assert, assertEquals } from "@std/assert";
import { accessLine } from "../../lib/proxy/observe/access_log.ts";
import { denoArguments } from "../support/programs/own_commands.ts";
import { programPath, testWith } from "../support/programs/programs.ts";
import { adapted, codeBlocks, OPERATIONS, tableRows } from "../support/proxy/operations_page.ts";
import { Child, ROOT } from "../support/proxy/proxy_child.ts";
import { withProxy } from "../support/proxy/proxy_scene.ts";
import { workplace } from "../support/workplace.ts";

const UNIT = "sphttp-proxy@.service";

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** Returns the parsed `# HELP` and `# TYPE` of a proxy that has served a file. */
async function servedMetrics(): Promise<Map<string, { type: string; help: string }>> {
  const found = new Map<string, { type: string; help: string }>();
  await withProxy([{}], async ({ base, get }) => {
    await (await get()).body?.cancel();
    const text = await (await fetch(`${base}/metrics`)).text();
    for (const [, name, help] of text.matchAll(/^# HELP (\S+) (.+)$/gm)) {
      const [, type] = new RegExp(`^# TYPE ${name} (\\w+)$`, "m").exec(text)!;
      found.set(name!, { type: type!, help: help! });
    }
  });
  return found;
}

Deno.test("docs/operations.md describes every metric, and no other", async () => {
  const served = [...await servedMetrics()].map(([name, { type, help }]) => [name, type, help]);
  const described = [...tableRows()]
    .filter(([name]) => name.startsWith("sphttp_"))
    .map(([name, [type, , help]]) => [name, type, help]);
  assertEquals(described.toSorted(), served.toSorted());
});

/** Returns the names of metrics in expressions of PromQL; those of a histogram's series without suffix. */
function metricsIn(expressions: string): string[] {
  return expressions.match(/\bsphttp_\w+/g)!.map((name) =>
    name.replace(/_(bucket|sum|count)$/, "")
  );
}

Deno.test("the dashboard and the alarms use metrics that the proxy has, and the dashboard all of them", async () => {
  const served = [...(await servedMetrics()).keys()];
  const { panels } = JSON.parse(read("deploy/grafana.json")) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  };
  const expressions = panels.flatMap(({ targets }) => targets ?? []).map(({ expr }) => expr);
  const shown = new Set(expressions.flatMap(metricsIn));
  assertEquals([...shown].toSorted(), served.toSorted());
  const alarms = codeBlocks("yaml").flatMap((block) =>
    block.match(/^ +expr: .*sphttp_.*$/gm) ?? []
  );
  assert(alarms.length > 0);
  for (const name of alarms.flatMap(metricsIn)) assert(served.includes(name), name);
});

Deno.test("docs/operations.md describes every field of the access log", () => {
  const entry = {
    time: 0,
    client: "-",
    method: "GET",
    url: "/proxy",
    status: 200,
    bytes: 0,
    durationMs: 0,
  };
  const fields = Object.keys(
    JSON.parse(accessLine({ ...entry, range: "bytes=0-", outcome: "complete" }, "json")),
  );
  const rows = [...tableRows().keys()];
  const first = rows.indexOf("time");
  assertEquals(rows.slice(first, first + fields.length).toSorted(), fields.toSorted());
});

testWith(
  ["systemd-analyze"],
  "the unit is valid, and hardened as docs/operations.md says",
  async () => {
    using place = workplace();
    // The program is not installed here.
    const text = adapted(read(`deploy/${UNIT}`), {
      "/usr/local/bin/sphttp-proxy": Deno.execPath(),
    });
    const instance = place.write(UNIT.replace("@", "@8081"), text);
    const analyze = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(programPath("systemd-analyze"), {
        args,
      }).output();
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assertEquals(code, 0, said);
      return said;
    };
    assertEquals(await analyze("verify", "--man=no", instance), "");
    const review = await analyze("security", "--offline=true", "--threshold=20", instance);
    const [, level] = /exposure level for \S+: ([\d.]+)/.exec(review)!;
    assert(OPERATIONS.includes(`puts its exposure at ${level} of 10`), level);
  },
);

Deno.test("the unit's flags are those of the command", async () => {
  const [, line] = /^ExecStart=\S+ ((?:.*\\\n)*.*)$/m.exec(read(`deploy/${UNIT}`))!;
  using place = workplace();
  const token = place.write("token", "0123456789abcdef\n");
  const flags = adapted(line!.replaceAll("\\\n", " "), {
    "${CREDENTIALS_DIRECTORY}/token": token,
    "--metrics=1%i": "--metrics=0",
    "%i": "0",
  });
  await using proxy = server([...flags.split(/\s+/)]);
  await proxy.said(/listening on http:\/\/127\.0\.0\.1:/);
});

/** Starts the proxy's entry point with arguments, and those of Deno before it. */
function server(args: readonly string[]): Child {
  return new Child([...denoArguments("server.ts", ["--allow-net", "--allow-read"]), ...args]);
}
