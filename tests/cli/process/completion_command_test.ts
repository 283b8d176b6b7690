import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runOnComplete } from "../../../lib/cli/process/completion_command.ts";
import { FILE, withMirrors } from "../../support/download.ts";
import { failCommand, shownBy } from "../../support/cli/run_command.ts";
import { type Workplace, workplace } from "../../support/workplace.ts";

/** Writes a script that notes its arguments in a file, and ends with an exit code. */
function script(place: Workplace, exitCode = 0): string {
  const text = `#!/bin/sh\nprintf '%s\\n' "$#" "$@" >>'${place.at("said")}'\nexit ${exitCode}\n`;
  const path = place.write("on complete", text);
  Deno.chmodSync(path, 0o755);
  return path;
}

Deno.test("--on-complete runs a program with the path of each file that is complete", async () => {
  await withMirrors([{}], async (urls) => {
    using place = workplace();
    const program = script(place);
    const [url] = urls;
    const list = place.write(
      "list",
      `${url}\n  out=a $(b)\n${url}x\n  out=missing\n${url}\n  out=c;d\n`,
    );
    const args = ["--on-complete", program, "-j1", "-i", list, "--output-dir", place.path];
    await failCommand(args);
    const said = place.readText("said").split("\n");
    assertEquals(said, ["1", place.at("a $(b)"), "1", place.at("c;d"), ""]);
  });
});

Deno.test("--on-complete: a program that fails, or is not there, is a message", async () => {
  await withMirrors([{}], async ([url]) => {
    using place = workplace();
    const run = (program: string) =>
      shownBy(["--on-download-complete", program, "-o", place.at("f"), url!]);
    const program = script(place, 3);
    assertStringIncludes(await run(program), `${program} ended with exit code 3`);
    assertStringIncludes(await run("/nonexistent/x"), "/nonexistent/x cannot be run: no such");
    assertStringIncludes(await run("echo done"), "no such program; it is run without a shell");
    assertEquals(place.read("f"), FILE.read(0, FILE.size).slice());
  });
});

Deno.test("--on-complete is not run for a file that is wrong", async () => {
  await withMirrors([{}], async ([url]) => {
    using place = workplace();
    const sum = `sha-256=${"0".repeat(64)}`;
    const args = ["--on-complete", script(place), "--checksum", sum, "-o", place.at("f"), url!];
    assertEquals((await failCommand(args)).exitCode, 32);
    assert(!place.names().includes("said"));
  });
});

Deno.test("runOnComplete() keeps names from being options, and ends when its signal aborts", async () => {
  using place = workplace();
  await runOnComplete(script(place), "-rf", new AbortController().signal, () => {});
  assertEquals(place.readText("said"), "1\n./-rf\n");
  const path = place.write("sleeper", "#!/bin/sh\nexec sleep 60\n");
  Deno.chmodSync(path, 0o755);
  const controller = new AbortController();
  const notes: string[] = [];
  const running = runOnComplete(path, "f", controller.signal, (text) => notes.push(text));
  controller.abort();
  await running;
  assertEquals(notes.length, 1);
});
