import { assertEquals, assertStringIncludes } from "@std/assert";
import { randomContent } from "./support/lab/content.ts";
import { startMirror } from "./support/lab/mirror_lab.ts";
import { denoArguments } from "./support/programs/own_commands.ts";
import { workplace } from "./support/workplace.ts";

const CONTENT = randomContent(3_000_000);

for (const name of ["127.0.0.1", "localhost"]) {
  Deno.test({
    name: `a command that may open 64 files and connections downloads from 60 mirrors at ${name}`,
    ignore: Deno.build.os === "windows",
    async fn() {
      using place = workplace();
      await using mirrors = new AsyncDisposableStack();
      const urls: string[] = [];
      for (let count = 0; count < 60; count++) {
        const mirror = mirrors.use(await startMirror({ content: CONTENT, bytesPerSecond: 50_000 }));
        urls.push(mirror.url.replace("127.0.0.1", name));
      }
      const command = [Deno.execPath(), ...denoArguments("cli.ts")];
      const args = [...command, "-v", "-o", place.at("file"), ...urls];
      const { code, stderr } = await new Deno.Command("sh", {
        args: ["-c", 'ulimit -n 64 && exec "$@"', "sh", ...args],
        stdin: "null",
        stdout: "null",
        stderr: "piped",
        env: { NO_COLOR: "1" },
      }).output();
      const shown = new TextDecoder().decode(stderr);
      assertEquals(code, 0, shown);
      assertEquals(place.read("file"), CONTENT.read(0, CONTENT.size));
      assertEquals(shown.includes("dropped"), false, shown);
      assertStringIncludes(shown, "this process has too many files and connections open");
    },
  });
}
