import { assertEquals, assertRejects } from "@std/assert";
import { replaceFile } from "../../../lib/cli/part/durable_file.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

function workplace() {
  const path = Deno.makeTempDirSync({ prefix: "sphttp-replace-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

function names(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}

Deno.test("replaceFile() writes a file, and another one in its place", async () => {
  using place = workplace();
  const path = `${place.path}/f.svg`;
  for (const text of ["one", "two, and longer", ""]) {
    await replaceFile(path, text);
    assertEquals(Deno.readTextFileSync(path), text);
  }
  assertEquals(names(place.path), ["f.svg"]);
});

Deno.test("replaceFile() replaces what a link points to, not the link", async () => {
  using place = workplace();
  Deno.writeTextFileSync(`${place.path}/f.svg`, "old");
  Deno.symlinkSync("f.svg", `${place.path}/link.svg`);
  await replaceFile(`${place.path}/link.svg`, "new");
  assertEquals(Deno.readTextFileSync(`${place.path}/f.svg`), "new");
  assertEquals(Deno.lstatSync(`${place.path}/link.svg`).isSymlink, true);
});

Deno.test("replaceFile() says why a file cannot be written, and leaves nothing behind", async () => {
  using place = workplace();
  Deno.mkdirSync(`${place.path}/d.svg`);
  Deno.writeTextFileSync(`${place.path}/file`, "");
  const table: [path: string, message: string][] = [
    ["none/f.svg", "its directory does not exist"],
    ["d.svg", "it is a directory"],
    ["file/f.svg", "Not a directory"],
  ];
  for (const [name, why] of table) {
    const path = `${place.path}/${name}`;
    const error = await assertRejects(() => replaceFile(path, "x"), CommandError);
    assertEquals(error.exitCode, 23);
    assertEquals(error.message.startsWith(`cannot write to ${path}: ${why}`), true, error.message);
  }
  assertEquals(names(place.path), ["d.svg", "file"]);
});
