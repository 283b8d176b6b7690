import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { failCommand, runCommand } from "../../support/cli/run_command.ts";
import { randomContent } from "../../support/lab/content.ts";
import { refused, served } from "../../support/lab/odd_reply.ts";
import { startOddServer } from "../../support/lab/odd_server.ts";
import { workplace } from "../../support/workplace.ts";

const FILE = randomContent(600_000, 8);

const NAMES = ["a", "b", "c", "d", "e", "f"];

for (const concurrent of [2, 6]) {
  for (const status of [403, 503]) {
    Deno.test(`six files of a list, ${concurrent} at a time, from a host that serves two at once, else ${status}`, async () => {
      using place = workplace();
      await using server = await startOddServer({
        content: FILE,
        bytesPerSecond: 6_000_000,
        serve: (ask) => ask.live >= 2 ? refused(status) : served(ask),
      });
      const lines = NAMES.map((name) => `${server.url}?${name}\n  out=${name}\n`);
      const list = place.write("list", lines.join(""));
      const args = ["-i", list, "-j", `${concurrent}`, "--output-dir", place.path];
      const { shown } = await runCommand(args);
      assertStringIncludes(shown, "all 6 files are complete");
      for (const name of NAMES) assertEquals(place.read(name), FILE.read(0, FILE.size));
      const count = server.requests.filter((one) => one.status === status).length;
      assert(count < 30, `${count} of ${server.requests.length} refused`);
    });
  }
}

Deno.test("Retry-After is waited for within --retry-max-time, and the command says how long", async () => {
  using place = workplace();
  await using server = await startOddServer({
    content: FILE,
    serve: (ask) => ask.index === 0 ? refused(503, { "Retry-After": "300" }) : served(ask),
  });
  // Longer than the user waits: an error at once.
  const args = ["-o", place.at("file"), server.url];
  const error = await failCommand(["--retry-max-time", "100", ...args]);
  assertStringIncludes(error.message, "Retry-After: 300 s");
  assertEquals([error.exitCode, server.requests.length], [ExitCode.STATUS, 1]);
});

Deno.test("Retry-After of minutes is waited for by default, and that is shown", async () => {
  using place = workplace();
  await using server = await startOddServer({
    content: FILE,
    serve: () => refused(429, { "Retry-After": "300" }),
  });
  let shown = "";
  const error = await failCommand(["-o", place.at("file"), server.url], (text, abort) => {
    shown = text;
    if (text.includes("retrying")) abort();
  });
  assertStringIncludes(error.message, "interrupted");
  assertStringIncludes(shown, "answered 429 (Retry-After: 300 s); retrying in 5:00 min");
  assertEquals(server.requests.length, 1);
});
