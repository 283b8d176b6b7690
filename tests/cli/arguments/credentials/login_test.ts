import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { askPassword, Login } from "../../../../lib/cli/arguments/credentials/login.ts";
import { ExitCode } from "../../../../lib/cli/failure/exit_code.ts";
import { CommandError } from "../../../../lib/command_line/command_error.ts";
import { randomContent } from "../../../support/lab/content.ts";
import { startMirror } from "../../../support/lab/mirror_lab.ts";
import { denoArguments } from "../../../support/programs/own_commands.ts";
import { programPath, testWith } from "../../../support/programs/programs.ts";
import { workplace } from "../../../support/workplace.ts";

Deno.test("Login.apply() adds credentials to URLs that have none", async () => {
  const login = await Login.of({ user: { username: "me", password: "a:%" }, netrc: false });
  const applied: [url: string, result: string][] = [
    ["http://a.example/f", "http://me:a%3A%25@a.example/f"],
    ["http://you@a.example/f", "http://you@a.example/f"],
    ["nonsense", "nonsense"],
  ];
  for (const [url, result] of applied) assertEquals(login.apply(url), result);
  const none = await Login.of({ user: undefined, netrc: false });
  assertEquals(none.apply("http://a.example/f"), "http://a.example/f");
});

Deno.test("a user without a password is a usage error without a terminal", async () => {
  const options = { user: { username: "me", password: undefined }, netrc: false };
  const error = await assertRejects(() => Login.of(options), CommandError, "no terminal");
  assertEquals(error.exitCode, ExitCode.USAGE);
});

Deno.test("askPassword() leaves complete arguments as they are", async () => {
  const complete = { user: { username: "me", password: "" }, netrc: true };
  assertEquals(await askPassword(complete), complete);
  const none = { user: undefined, netrc: false };
  assertEquals(await askPassword(none), none);
});

testWith(
  ["script"],
  "-u USER asks for the password on a terminal, and does not show it",
  async () => {
    using place = workplace();
    const content = randomContent(1000);
    await using mirror = await startMirror({
      content,
      requireAuthorization: `Basic ${btoa("me:hunter2")}`,
    });
    const sphttp = [Deno.execPath(), ...denoArguments("cli.ts")].join(" ");
    await using child = new Deno.Command(programPath("script"), {
      args: ["-qefc", `${sphttp} -u me -o '${place.at("f")}' ${mirror.url}`, "/dev/null"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let shown = "";
    const typed = child.stdin.getWriter();
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const asked = shown.includes("user 'me':");
      shown += text;
      if (!asked && shown.includes("user 'me':")) {
        await typed.write(new TextEncoder().encode("hunter2\r"));
      }
    }
    await typed.close();
    assertEquals((await child.status).code, 0, shown);
    assertStringIncludes(shown, "Enter password for user 'me':");
    // What is typed before raw mode begins is echoed: only the mask is checked.
    assertEquals(shown.includes("*"), false, shown);
    assertEquals(place.read("f"), content.read(0, 1000));
  },
);

Deno.test("Login.apply() adds nothing to URLs of hosts that the netrc file does not name", async () => {
  using place = workplace();
  const netrc = place.write("netrc", "machine a.example login me password secret");
  const login = await Login.of({ user: undefined, netrc });
  assertEquals(login.apply("http://a.example/f"), "http://me:secret@a.example/f");
  assertEquals(login.apply("http://b.example/f"), "http://b.example/f");
});
