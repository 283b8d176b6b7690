import { assertEquals } from "@std/assert";
import { sendSignal } from "../../support/programs/send_signal.ts";

const MODULE = new URL("../../../lib/cli/process/interruption.ts", import.meta.url).href;

/** A command that says when it hears of an interruption, but never comes to its end. */
const STUBBORN = `
  import { Interruption } from "${MODULE}";
  const interruption = new Interruption();
  interruption.signal.addEventListener("abort", () => {
    console.log(interruption.signal.reason.exitCode);
    // The same signal again, as a parent forwards it, changes nothing.
    Deno.kill(Deno.pid, Deno.args[0]);
  });
  setInterval(() => {}, 1000);
  console.log("ready");
`;

const TABLE: [signals: [Deno.Signal, Deno.Signal], heard: number, exitCode: number][] = [
  [["SIGINT", "SIGINT"], 130, 130],
  [["SIGTERM", "SIGTERM"], 143, 143],
  [["SIGINT", "SIGTERM"], 130, 143],
];

for (const [[first, second], heard, exitCode] of TABLE) {
  Deno.test({
    name: `Interruption: ${first} is heard, ${second} ends what does not listen`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      await using child = new Deno.Command(Deno.execPath(), {
        args: ["eval", "--quiet", "--no-check", STUBBORN, first],
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const lines: string[] = [];
      let heardAt = Infinity;
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        lines.push(text.trim());
        if (lines.length === 1) {
          child.kill(first);
        } else {
          heardAt = performance.now();
          setTimeout(() => sendSignal(child, second), 700);
        }
      }
      assertEquals(lines, ["ready", String(heard)]);
      assertEquals((await child.status).code, exitCode);
      assertEquals(
        await new Response(child.stderr).text(),
        "sphttp: interrupted again; exiting at once\n",
      );
      // Not by the echo.
      assertEquals(performance.now() - heardAt >= 690, true);
    },
  });
}
