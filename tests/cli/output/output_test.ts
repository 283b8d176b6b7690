import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { openTarget, type Output } from "../../../lib/cli/output/output.ts";
import type { FileFacts } from "../../../lib/cli/part/resume_record.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { workplace } from "../../support/workplace.ts";

const LINUX = Deno.build.os === "linux";
const FACTS: FileFacts = {
  info: { size: 3, etag: '"1"', lastModified: undefined, mirrors: ["http://h/f"] },
};
const BYTES = new Uint8Array([1, 2, 3]);

const device = (path: string) => ({ type: "device", name: path, path }) as const;

/** Does with an output what a download would. */
async function fill(output: Output): Promise<void> {
  output.part?.expect({ start: 0 });
  output.part?.begin(FACTS);
  await output.part?.learn([]);
  await output.write(BYTES);
  await output.part?.complete({ mtime: new Date() });
}

Deno.test("openTarget() opens a file as a part file", async () => {
  using place = workplace();
  const path = place.at("f");
  const target = {
    ...{
      type: "file",
      name: "f",
      path,
      existing: "replace",
      mode: undefined,
      namedBy: "-o NAME",
    } as const,
    choice: { number: 0, path, name: "f" },
  };
  using output = await openTarget(target, { resume: true });
  assertEquals([output.name, output.part?.existing.length, output.part?.partName], [
    "f",
    0,
    "f.part",
  ]);
  await fill(output);
  assertEquals(Deno.readFileSync(path), BYTES);
});

Deno.test({
  name: "openTarget() writes to a device as it is",
  ignore: !LINUX,
  fn: async () => {
    for (const resume of [false, true]) {
      using output = await openTarget(device("/dev/null"), { resume });
      assertEquals([output.name, output.part], ["/dev/null", undefined]);
      await fill(output);
    }
    assertEquals(Deno.statSync("/dev/null").isCharDevice, true);
  },
});

Deno.test({
  name: "a device that takes no more, or cannot be opened, is a write error",
  ignore: !LINUX,
  fn: async () => {
    using full = await openTarget(device("/dev/full"), { resume: false });
    const error = await assertRejects(() => fill(full), CommandError) as CommandError;
    assertEquals(error.exitCode, ExitCode.WRITE);
    assertStringIncludes(error.message, "cannot write to /dev/full: No space left");
    const none = await assertRejects(
      () => openTarget(device("/dev/none/at/all"), { resume: false }),
      CommandError,
    ) as CommandError;
    assertEquals(none.exitCode, ExitCode.WRITE);
  },
});

Deno.test({
  name: "openTarget() writes to a named pipe; a reader that closes it causes no message",
  ignore: !LINUX,
  fn: async () => {
    using place = workplace();
    const path = place.at("pipe");
    new Deno.Command("mkfifo", { args: [path] }).outputSync();
    const reader = Deno.open(path);
    using output = await openTarget(device(path), { resume: false });
    const end = await reader;
    await fill(output);
    const read = new Uint8Array(10);
    assertEquals(await end.read(read), 3);
    assertEquals(read.subarray(0, 3), BYTES);
    end.close();
    const error = await assertRejects(() => output.write(BYTES), CommandError) as CommandError;
    assertEquals([error.exitCode, error.message], [ExitCode.WRITE, ""]);
  },
});
