import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { MAX_NAME_BYTES } from "../../../lib/cli/output/target.ts";
import { type PathOptions, resolveTarget } from "../../../lib/cli/output/target.ts";
import type { FileTarget } from "../../../lib/cli/part/file_target.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { workplace } from "../../support/workplace.ts";

const URL = "http://h/pub/f.iso?x";
const POSIX = Deno.build.os !== "windows";

const find = (options: Partial<PathOptions>, url = URL) =>
  resolveTarget({
    output: undefined,
    directory: undefined,
    createDirectories: false,
    keepExisting: false,
    resume: false,
    ...options,
  }, url);

async function findFile(options: Partial<PathOptions>, url?: string): Promise<FileTarget> {
  const place = await find(options, url);
  if (place.type !== "file") throw new Error(`This is no file: ${place.type}`);
  return place;
}

async function refuse(options: Partial<PathOptions>, url?: string): Promise<string> {
  const error = await assertRejects(() => find(options, url), CommandError) as CommandError;
  assertEquals(error.exitCode, ExitCode.WRITE, error.message);
  return error.message;
}

Deno.test("resolveTarget() takes the name from -o, or else from the URL", async () => {
  assertEquals((await findFile({})).path, "./f.iso");
  assertEquals((await findFile({})).name, "f.iso");
  assertEquals((await findFile({ output: "other" })).path, "other");
  assertEquals((await findFile({ output: "-o" })).path, "-o");
  // Only who asks for stdout gets it.
  assertEquals(await find({ output: "-" }), { type: "stdout", name: "stdout" });
  assertEquals((await findFile({}, "http://h/-")).path, "./-");
  assertEquals((await findFile({}, "http://h/-")).name, "./-");
});

Deno.test("resolveTarget() puts a directory in front of a relative name", async () => {
  using place = workplace();
  const { path: directory } = place;
  assertEquals((await findFile({ directory })).path, `${directory}/f.iso`);
  assertEquals(
    (await findFile({ directory: `${directory}//`, output: "o" })).name,
    `${directory}/o`,
  );
  assertEquals((await findFile({ directory: ".", output: "o" })).name, "o");
  assertEquals((await findFile({ directory: "/", output: "sphttp-none" })).path, "/sphttp-none");
  const absolute = `${directory}/absolute`;
  assertEquals((await findFile({ directory: "elsewhere", output: absolute })).path, absolute);
  assertEquals(await find({ directory, output: "-" }), { type: "stdout", name: "stdout" });
});

Deno.test("resolveTarget() makes directories only if that is wanted", async () => {
  using place = workplace();
  const { path } = place;
  await findFile({ output: `${path}/a/b/f` });
  assertEquals([...Deno.readDirSync(path)], []);
  await findFile({ output: `${path}/a/b/f`, createDirectories: true });
  assertEquals(Deno.statSync(`${path}/a/b`).isDirectory, true);
  await findFile({ directory: `${path}/c`, output: "d/f", createDirectories: true });
  assertEquals(Deno.statSync(`${path}/c/d`).isDirectory, true);
  await findFile({ output: "f", createDirectories: true });
  Deno.writeTextFileSync(`${path}/file`, "");
  assertStringIncludes(
    await refuse({ output: `${path}/file/f`, createDirectories: true }),
    `cannot create the directory ${path}/file: `,
  );
});

Deno.test("resolveTarget() replaces what -o names, and refuses to replace what a URL names", async () => {
  using place = workplace();
  const { path: directory } = place;
  Deno.writeTextFileSync(`${directory}/f.iso`, "done");
  assertEquals((await findFile({ directory, output: "f.iso" })).existing, "replace");
  const message = await refuse({ directory });
  assertStringIncludes(
    message,
    `${directory}/f.iso already exists; use -o NAME to choose a name, -o f.iso to replace it, `,
  );
  assertStringIncludes(
    await refuse({ directory, listed: true }),
    "use out=NAME to choose a name, out=f.iso to replace it",
  );
  assertStringIncludes(message, "--no-clobber");
  assertEquals((await findFile({ directory, output: "new" })).existing, "replace");
  assertEquals((await findFile({ directory }, "http://h/new")).existing, "refuse");
});

Deno.test("resolveTarget() numbers a name where the file is kept", async () => {
  using place = workplace();
  const { path: directory } = place;
  const keep = { directory, output: "f", keepExisting: true };
  assertEquals((await findFile(keep)).name, `${directory}/f`);
  for (let number = 0; number <= 100; number++) {
    const taken = number === 0 ? `${directory}/f` : `${directory}/f.${number}`;
    assertEquals((await findFile(keep)).path, taken);
    if (number % 2 === 0) Deno.writeTextFileSync(taken, "");
    else Deno.mkdirSync(taken);
  }
  assertStringIncludes(await refuse(keep), "choose a name with -o NAME");
  assertStringIncludes(await refuse({ ...keep, listed: true }), "choose a name with out=NAME");
  assertEquals((await findFile({ ...keep, output: "g" })).existing, "avoid");
  assertEquals((await findFile({ directory, keepExisting: true })).path, `${directory}/f.iso`);
});

Deno.test({
  name: "resolveTarget() takes a link that leads nowhere for a name that is taken",
  ignore: !POSIX,
  fn: async () => {
    using place = workplace();
    const { path: directory } = place;
    Deno.writeTextFileSync(`${directory}/f`, "");
    Deno.symlinkSync(`${directory}/none`, `${directory}/f.1`);
    const { path } = await findFile({ directory, output: "f", keepExisting: true });
    assertEquals(path, `${directory}/f.2`);
    Deno.symlinkSync(`${directory}/none`, `${directory}/f.iso`);
    assertStringIncludes(await refuse({ directory }), "f.iso already exists");
    assertEquals((await findFile({ directory, output: "f.iso" })).existing, "replace");
    const numbered = await findFile({ directory, keepExisting: true });
    assertEquals(numbered.path, `${directory}/f.iso.1`);
  },
});

Deno.test("resolveTarget() has nothing to continue where the file is there and no part of it", async () => {
  using place = workplace();
  const { path: directory } = place;
  const path = `${directory}/f.iso`;
  assertEquals((await find({ directory, resume: true })).type, "file");
  Deno.writeTextFileSync(path, "done");
  assertEquals(await find({ directory, resume: true }), { type: "present", name: path, path });
  assertEquals((await find({ output: path, resume: true })).type, "present");
  Deno.writeTextFileSync(`${path}.part`, "begun");
  assertEquals((await find({ output: path, resume: true })).type, "file");
  assertStringIncludes(await refuse({ directory, resume: true }), "already exists");
});

Deno.test("resolveTarget() refuses what is no place for a file", async () => {
  using place = workplace();
  const { path } = place;
  Deno.writeTextFileSync(`${path}/file`, "");
  const advice = `it is a directory; use --output-dir ${path} for a file in it`;
  assertStringIncludes(await refuse({ output: path }), advice);
  assertStringIncludes(await refuse({ output: `${path}/none/` }), "no file name");
  assertStringIncludes(await refuse({ output: `${path}/file/f` }), "cannot write to ");
  const tooLong = await refuse({ output: `${path}/${"x".repeat(300)}` });
  assertStringIncludes(tooLong, `the name has 300 bytes; ${MAX_NAME_BYTES} leave room`);
  assertEquals((await find({ output: `${path}/${"x".repeat(MAX_NAME_BYTES)}` })).type, "file");
});

Deno.test({
  name: "resolveTarget() does not replace a file that is write-protected",
  ignore: !POSIX,
  fn: async () => {
    using place = workplace();
    const output = place.at("f");
    Deno.writeTextFileSync(output, "precious", { mode: 0o444 });
    assertStringIncludes(await refuse({ output }), "it is write-protected");
    assertEquals((await findFile({ output, keepExisting: true })).path, `${output}.1`);
  },
});

Deno.test({
  name: "resolveTarget() knows devices and pipes, and follows links",
  ignore: !POSIX,
  fn: async () => {
    const device = { type: "device", name: "/dev/null", path: "/dev/null" } as const;
    for (const options of [{}, { keepExisting: true }, { resume: true }, { directory: "/tmp" }]) {
      assertEquals(await find({ output: "/dev/null", ...options }), device);
    }
    using place = workplace();
    place.write("real", "");
    Deno.symlinkSync("real", place.at("link"));
    const found = await findFile({ output: place.at("link") });
    assertEquals(found.path, place.at("real"));
    assertEquals(found.name, place.at("link"));
  },
});
