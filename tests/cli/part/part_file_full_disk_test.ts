import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { PartFile } from "../../../lib/cli/part/part_file.ts";
import { resolveTarget } from "../../../lib/cli/output/target.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { bytesContent } from "../../support/lab/content.ts";
import { startMirror } from "../../support/lab/mirror_lab.ts";
import { denoArguments } from "../../support/programs/own_commands.ts";
import { testWith } from "../../support/programs/programs.ts";

const DISK_SIZE = 1024 * 1024;
const SIZE = 2 * DISK_SIZE;
const BYTES = Uint8Array.from({ length: SIZE }, (_, i) => (i * 2654435761) >>> 13);
const FACTS = {
  info: { size: SIZE, etag: '"1"', lastModified: undefined, mirrors: ["http://a/f"] },
};

/** Mounts a small disk. */
async function mountDisk(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "sphttp-disk-" });
  const run = (program: string, ...args: string[]) => new Deno.Command(program, { args }).output();
  const { success } = await run("mount", "-t", "tmpfs", "-o", `size=${DISK_SIZE}`, "none", path);
  assert(success);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await run("umount", path);
      await Deno.remove(path);
    },
  };
}

async function enlarge(path: string): Promise<void> {
  const args = ["-o", `remount,size=${2 * SIZE}`, path];
  assertEquals((await new Deno.Command("mount", { args }).output()).success, true);
}

async function fileTarget(output: string, resume: boolean) {
  const place = await resolveTarget({
    ...{ output, resume, directory: undefined },
    ...{ createDirectories: false, keepExisting: false },
  }, "");
  if (place.type !== "file") throw new Error(`This is no file: ${place.type}`);
  return place;
}

async function refuse(promise: Promise<unknown>): Promise<string> {
  const error = await assertRejects(() => promise, CommandError) as CommandError;
  assertEquals(error.exitCode, ExitCode.WRITE, error.message);
  return error.message;
}

testWith(["tmpfs"], "a disk that is full halfway leaves what can be continued", async () => {
  await using disk = await mountDisk();
  const path = `${disk.path}/f`;
  const ballast = `${disk.path}/ballast`;
  Deno.writeFileSync(ballast, new Uint8Array(DISK_SIZE / 2));
  const append = async (resume: boolean) => {
    using part = await PartFile.open(await fileTarget(path, resume), { resume });
    part.begin(FACTS);
    for (let at = part.existing.length; at < SIZE; at += 10_000) {
      await part.write(BYTES.subarray(at, Math.min(SIZE, at + 10_000)));
    }
    await part.complete();
  };
  assertStringIncludes(await refuse(append(false)), `cannot write to ${path}.part: No space left`);
  const first = Deno.readFileSync(`${path}.part`);
  assertEquals(first, BYTES.subarray(0, first.byteLength));
  // Not even the record has room now: the old one stays, and the bytes too.
  const record = Deno.readTextFileSync(`${path}.part.json`);
  assertStringIncludes(await refuse(append(true)), "No space left");
  assertEquals(Deno.readTextFileSync(`${path}.part.json`), record);
  assertEquals(Deno.readFileSync(`${path}.part`), first);
  Deno.removeSync(ballast);
  assertStringIncludes(await refuse(append(true)), "No space left");
  const second = Deno.readFileSync(`${path}.part`);
  assertEquals(second.byteLength > first.byteLength, true);
  assertEquals(second, BYTES.subarray(0, second.byteLength));
  // Somebody makes the disk larger.
  await enlarge(disk.path);
  await append(true);
  assertEquals(Deno.readFileSync(path), BYTES);
  assertEquals([...Deno.readDirSync(disk.path)].map(({ name }) => name), ["f"]);
});

testWith(
  ["tmpfs"],
  "the command ends with 23 on a full disk, and goes on when there is room",
  async () => {
    await using disk = await mountDisk();
    await using mirror = await startMirror({ content: bytesContent(BYTES) });
    const run = async (...args: string[]) => {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [...denoArguments("cli.ts"), ...args, "-o", "f", mirror.url],
        ...{ cwd: disk.path, stdout: "null", stderr: "piped" },
      }).output();
      return { code, text: new TextDecoder().decode(stderr) };
    };
    const full = await run();
    assertEquals(full.code, ExitCode.WRITE, full.text);
    assertStringIncludes(full.text, "cannot write to f.part: No space left");
    assertStringIncludes(full.text, "f.part is kept: run the same command with -C - to continue");
    const kept = Deno.readFileSync(`${disk.path}/f.part`);
    assertEquals(kept, BYTES.subarray(0, kept.byteLength));
    await enlarge(disk.path);
    const again = await run("-C", "-");
    assertEquals(again.code, ExitCode.OK, again.text);
    assertEquals(Deno.readFileSync(`${disk.path}/f`), BYTES);
  },
);

testWith(
  ["tmpfs"],
  "a directory that is read-only is a write error before anything is asked",
  async () => {
    await using disk = await mountDisk();
    const args = ["-o", "remount,ro", disk.path];
    assertEquals((await new Deno.Command("mount", { args }).output()).success, true);
    const message = await refuse(
      PartFile.open(await fileTarget(`${disk.path}/f`, false), { resume: false }),
    );
    assertStringIncludes(message, `cannot write to ${disk.path}/f.part: Read-only file system`);
  },
);
