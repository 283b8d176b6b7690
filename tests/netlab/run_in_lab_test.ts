import { assertEquals } from "@std/assert";
import { testWith } from "../support/programs/programs.ts";
import { buildNetlab } from "./build.ts";
import { labCommands, warmUp } from "./bench/commands.ts";
import { runInLab } from "./run_in_lab.ts";
import { labArguments, type LabLink, SCENARIOS } from "./scenarios.ts";
import { mirrorUrls, writeRandomFile } from "./served_files.ts";

const SIZE = 5_000_000;
const TIMEOUT_SECONDS = 60;

/** The links of these scenarios; changes come soon enough for a small file. */
const LINKS: Readonly<Record<string, readonly LabLink[]>> = {
  testbed: SCENARIOS.testbed!.links,
  lossy: SCENARIOS.lossy!.links,
  flap: SCENARIOS.flap!.links.map(({ at = [], ...link }) => ({
    ...link,
    at: at.map(([seconds, setting]) => [seconds / 10, setting] as const),
  })),
};

testWith(["netlab", "cc", "ip", "nginx"], "sphttp downloads over the kernel's TCP", async (t) => {
  await using lab = await buildNetlab();
  const folder = await Deno.makeTempDir({ prefix: "sphttp-netlab-www-" });
  try {
    const sha256 = await writeRandomFile(folder, SIZE);
    const { command } = labCommands({ flags: ["-S"], against: undefined, from: "modules" })[0]!;
    await warmUp(command);
    for (const [name, links] of Object.entries(LINKS)) {
      await t.step(name, async () => {
        const urls = mirrorUrls(links.length, { size: SIZE });
        const run = await runInLab({
          program: lab.program,
          lab: [...labArguments({ title: name, links }), "--www", folder],
          command: command({ urls, rates: links.map(({ rate }) => rate), folder }),
          timeoutSeconds: TIMEOUT_SECONDS,
        });
        const { outcome, messages, bytes } = run;
        assertEquals({ outcome, messages, bytes }, {
          outcome: "complete",
          messages: "",
          bytes: SIZE,
        });
        assertEquals(run.sha256, sha256);
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
