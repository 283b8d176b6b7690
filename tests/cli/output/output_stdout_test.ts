import { assertEquals, assertMatch } from "@std/assert";
import { randomContent } from "../../support/lab/content.ts";
import { startMirror } from "../../support/lab/mirror_lab.ts";
import { denoArguments } from "../../support/programs/own_commands.ts";

const CONTENT = randomContent(2_000_000, 12);

/** Runs the command behind a shell's redirection of stdout. */
async function run(
  redirection: string,
  ...args: string[]
): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command("sh", {
    args: [
      ...["-c", `exec "$@" ${redirection}`, "sh", Deno.execPath()],
      ...denoArguments("cli.ts"),
      ...args,
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

const STDOUTS: [redirection: string, exitCode: number, stderr: RegExp][] = [
  [">&-", 23, /^sphttp: cannot write to stdout: it is closed, or .*-o \/dev\/null\n$/],
  // As Python's subprocess.DEVNULL and Node's "ignore": it cannot be told from one that is closed.
  ["1<>/dev/null", 23, /^sphttp: cannot write to stdout: it is closed, or .*-o \/dev\/null\n$/],
  [">/dev/full", 23, /^sphttp: cannot write to stdout: No space left on device/],
  // Its reader ends at once: the command says nothing.
  ["| true", 0, /^$/],
  [">/dev/null", 0, /^$/],
];

Deno.test({
  name: "openTarget(): a stdout that takes nothing is exit 23",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    for (const [redirection, exitCode, stderr] of STDOUTS) {
      await using mirror = await startMirror({ content: CONTENT });
      const result = await run(redirection, "-sS", "-o", "-", mirror.url);
      assertEquals(result.code, exitCode, `${redirection}: ${result.stderr}`);
      assertMatch(result.stderr, stderr);
      // A closed stdout is found before anything is requested.
      if (redirection === ">&-") assertEquals(mirror.requests.length, 0);
    }
  },
});

Deno.test({
  name: "writeOutput(): what was asked for and cannot be written is exit 23",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const { code, stderr } = await run(">/dev/full", "completions", "bash");
    assertEquals([code, stderr.includes("cannot write to stdout: No space left")], [23, true]);
    assertEquals(await run("| head -c 1 >/dev/null; exit 0", "--help"), { code: 0, stderr: "" });
  },
});
