import { assertEquals } from "@std/assert";
import { chooseForm, formText, sphttp } from "./own_command.ts";

Deno.test("sphttp() runs a checkout from its bundle, or from its modules", () => {
  const bundle = ["run", "--quiet", "-A", "--no-config", "/a/dist/sphttp.js"];
  const modules = ["run", "--quiet", "-A", "--import-map=/a/import_map.npm.json", "/a/cli.ts"];
  const [root, chosen] = ["/a/", () => [sphttp({ root }).slice(1), /--source\)/.test(formText())]];
  assertEquals(chosen(), [bundle, false]);
  assertEquals(sphttp({ root, from: "modules" }).slice(1), modules);
  chooseForm("modules");
  try {
    assertEquals(chosen(), [modules, true]);
    assertEquals(sphttp({ root, from: "bundle" }).slice(1), bundle);
  } finally {
    chooseForm("bundle");
  }
});
