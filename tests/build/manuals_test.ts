import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { commandPage, examplesIn, exitCodesIn, proxyPage } from "../../build/manuals.ts";
import { FLAGS } from "../../lib/cli/arguments/flags.ts";
import { SUBCOMMANDS } from "../../lib/cli/completions/completions.ts";
import { ExitCode } from "../../lib/cli/failure/exit_code.ts";
import { FLAGS as PROXY_FLAGS } from "../../lib/proxy/command/flags.ts";
import { runProgram, testWith } from "../support/programs/programs.ts";
import { workplace } from "../support/workplace.ts";

Deno.test("the manual pages describe every flag", () => {
  for (const [page, flags] of [[commandPage(), FLAGS], [proxyPage(), PROXY_FLAGS]] as const) {
    for (const { name, short } of flags) {
      assertStringIncludes(page, `\\fB\\-\\-${name.replaceAll("-", "\\-")}\\fR`);
      if (short !== undefined) assertStringIncludes(page, `\\fB\\-${short}\\fR`);
    }
  }
});

Deno.test("the manual page describes every subcommand, and its flags", () => {
  const page = commandPage();
  for (const { name, flags } of SUBCOMMANDS) {
    const [, section] = page.split(`.SS "sphttp ${name}"\n`);
    assert(section !== undefined, name);
    // It describes no help of its own.
    if (name === "completions") continue;
    for (const flag of flags.flatMap(({ names }) => names)) {
      assertStringIncludes(section!, `\\fB\\-\\-${flag.replaceAll("-", "\\-")}\\fR`);
    }
  }
});

Deno.test("exitCodesIn() and examplesIn() read the help", () => {
  const help = "Examples:\n  a b\n  c | d\nExit codes: 0 fine, 2 usage, or so,\n  28 late\n";
  assertEquals(exitCodesIn(help), [["0", "fine"], ["2", "usage, or so"], ["28", "late"]]);
  assertEquals(examplesIn(help), ["a b", "c | d"]);
});

Deno.test("the manual page lists every exit code", () => {
  const [, section] = commandPage().split('.SH "EXIT STATUS"');
  const listed = [...section!.matchAll(/^\\fB(\d+)\\fR$/gm)].map(([, code]) => Number(code));
  assertEquals(listed, [...new Set(Object.values(ExitCode))].sort((a, b) => a - b));
});

testWith(["groff"], "groff formats the manual pages without warnings", async () => {
  using place = workplace();
  for (const [name, page] of [["sphttp", commandPage()], ["sphttp-proxy", proxyPage()]] as const) {
    const path = place.write(`${name}.1`, page);
    const { code, stdout, stderr } = await runProgram("groff", ["-Tutf8", "-man", "-ww", path]);
    assertEquals([code, stderr], [0, ""]);
    assert(new TextDecoder().decode(stdout).split("\n").length > 100);
  }
});
