import { assertEquals } from "@std/assert";
import { randomContent } from "./support/lab/content.ts";
import { startMirror } from "./support/lab/mirror_lab.ts";
import { denoArguments } from "./support/programs/own_commands.ts";
import { workplace } from "./support/workplace.ts";

const CONTENT = randomContent(6_000_000);

/** After a longer standstill, connections may be dead. */
const STOPPED_MS = 5500;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

Deno.test({
  name: "a command that is stopped, and loses its connections meanwhile, goes on without a retry",
  ignore: Deno.build.os === "windows",
  async fn() {
    using place = workplace();
    // It does not send all of the file before the command is stopped.
    const link = { bytesPerSecond: 3_000_000, silentAfter: 3_000_000 };
    await using mirror = await startMirror({ content: CONTENT, ...link });
    const own = ["--retry", "0", "-o", place.at("file"), mirror.url];
    await using child = new Deno.Command(Deno.execPath(), {
      args: [...denoArguments("cli.ts"), ...own],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    const stderr = new Response(child.stderr).text();
    while (mirror.bytesSent < 1_000_000) await pause(5);
    child.kill("SIGSTOP");
    try {
      await pause(STOPPED_MS);
      mirror.resetConnections();
      mirror.setRate(undefined);
    } finally {
      child.kill("SIGCONT");
    }
    const { code } = await child.status;
    assertEquals(code, 0, await stderr);
    assertEquals(place.read("file"), CONTENT.read(0, CONTENT.size));
  },
});
