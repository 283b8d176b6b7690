import { assertEquals } from "@std/assert";
import { sendSignal } from "../../support/programs/send_signal.ts";

const MODULE = new URL("../../../lib/cli/process/interruption.ts", import.meta.url).href;

/**
 * A command that says when it hears of an interruption, but never comes to its end. Its clock goes on when it has heard
 * the same signal again at once, as a parent forwards it.
 */
const STUBBORN = `
  import { Interruption } from "${MODULE}";
  let now = 0;
  performance.now = () => now;
  const interruption = new Interruption();
  const [signal] = Deno.args;
  let heard = 0;
  Deno.addSignalListener(signal, () => {
    heard++;
    if (heard === 1) return Deno.kill(Deno.pid, signal);
    now = 501;
    console.log("again");
  });
  interruption.signal.addEventListener(
    "abort",
    () => console.log(interruption.signal.reason.exitCode),
  );
  setInterval(() => {}, 1000);
  console.log("ready");
`;

/** A command that says what ends it, and that it goes on when it hears SIGUSR2. */
const LASTING = `
  import { Interruption } from "${MODULE}";
  const { signal } = new Interruption();
  signal.addEventListener("abort", () => {
    console.log(signal.reason.exitCode);
    Deno.exit();
  });
  Deno.addSignalListener("SIGUSR2", () => console.log("going on"));
  setInterval(() => {}, 1000);
  console.log("ready");
`;

Deno.test({
  name: "Interruption: what nohup has started goes on when its terminal is closed",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using child = new Deno.Command("sh", {
      args: [
        ...["-c", 'trap "" HUP; exec "$@"', "sh"],
        ...[Deno.execPath(), "eval", "--quiet", "--no-check", LASTING],
      ],
      stdout: "piped",
    }).spawn();
    let said = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      said += text;
      if (said === "ready\n") {
        child.kill("SIGHUP");
        child.kill("SIGUSR2");
      }
      if (said === "ready\ngoing on\n") child.kill("SIGTERM");
    }
    assertEquals(said, "ready\ngoing on\n143\n");
  },
});

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
      let said = "";
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        said += text;
        if (said === "ready\n") child.kill(first);
        if (said.endsWith("again\n")) sendSignal(child, second);
      }
      assertEquals(said, `ready\n${heard}\nagain\n`);
      assertEquals((await child.status).code, exitCode);
      assertEquals(
        await new Response(child.stderr).text(),
        "sphttp: interrupted again; exiting at once\n",
      );
    },
  });
}
