import { assertEquals, assertRejects } from "@std/assert";
import { replaceFile } from "../../../lib/cli/part/durable_file.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { workplace } from "../../support/workplace.ts";

Deno.test("replaceFile() writes a file, and another one in its place", async () => {
  using place = workplace();
  const path = place.at("f.svg");
  for (const text of ["one", "two, and longer", ""]) {
    await replaceFile(path, text);
    assertEquals(Deno.readTextFileSync(path), text);
  }
  assertEquals(place.names(), ["f.svg"]);
});

Deno.test("replaceFile() writes a file whose name is as long as it may be", async () => {
  using place = workplace();
  const name = "x".repeat(255);
  await replaceFile(place.at(name), "x");
  assertEquals(place.names(), [name]);
});

Deno.test("replaceFile() replaces what a link points to, not the link", async () => {
  using place = workplace();
  place.write("f.svg", "old");
  Deno.symlinkSync("f.svg", place.at("link.svg"));
  await replaceFile(place.at("link.svg"), "new");
  assertEquals(place.readText("f.svg"), "new");
  assertEquals(Deno.lstatSync(place.at("link.svg")).isSymlink, true);
});

Deno.test("replaceFile() says why a file cannot be written, and leaves nothing behind", async () => {
  using place = workplace();
  Deno.mkdirSync(place.at("d.svg"));
  place.write("file", "");
  const table: [path: string, message: string][] = [
    ["none/f.svg", "its directory does not exist"],
    ["d.svg", "it is a directory"],
    ["file/f.svg", "Not a directory"],
  ];
  for (const [name, why] of table) {
    const path = place.at(name);
    const error = await assertRejects(() => replaceFile(path, "x"), CommandError);
    assertEquals(error.exitCode, 23);
    assertEquals(error.message.startsWith(`cannot write to ${path}: ${why}`), true, error.message);
  }
  assertEquals(place.names(), ["d.svg", "file"]);
});

Deno.test({
  name: "replaceFile() keeps the permissions of the file it replaces",
  ignore: Deno.build.os === "windows",
  async fn() {
    using place = workplace();
    const path = place.write("f", "old");
    Deno.chmodSync(path, 0o600);
    await replaceFile(path, "new");
    assertEquals([Deno.statSync(path).mode! & 0o777, place.readText("f")], [0o600, "new"]);
  },
});
