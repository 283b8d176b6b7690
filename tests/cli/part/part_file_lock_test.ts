import { assertEquals, assertStringIncludes } from "@std/assert";
import { workplace } from "../../support/workplace.ts";

const ROOT = new URL("../../..", import.meta.url);

/** Opens the part file of the path given, says how that went, and holds it until stdin ends. */
const HOLDER = `
  import { PartFile } from "${new URL("lib/cli/part/part_file.ts", ROOT).href}";
  import { resolveTarget } from "${new URL("lib/cli/output/target.ts", ROOT).href}";
  const options = { directory: undefined, createDirectories: false, keepExisting: false };
  const place = await resolveTarget({ ...options, output: Deno.args[0], resume: true }, "");
  try {
    using part = await PartFile.open(place, { resume: true });
    console.log("has " + part.existing.length);
    await part.write(new Uint8Array(10));
    await part.settle();
    console.log("wrote");
    for await (const _ of Deno.stdin.readable);
  } catch (error) {
    console.log(error.exitCode + " " + error.message);
  }
`;

/** A process that holds a part file, or cannot. */
function holder(path: string) {
  const script = `data:application/typescript,${encodeURIComponent(HOLDER)}`;
  const map = `--import-map=${new URL("import_map.npm.json", ROOT).href}`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", map, "-A", script, path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    child,
    /** Resolves to what it has said once that has this in it, or it has ended. */
    async said(wanted?: string): Promise<string> {
      while (wanted === undefined || !text.includes(wanted)) {
        const { done, value } = await lines.read();
        if (done) break;
        text += value;
      }
      return text;
    },
  };
}

Deno.test("a part file belongs to one process, and to the next when that is killed", async () => {
  using place = workplace();
  const one = holder(place.at("f"));
  assertEquals(await one.said("wrote"), "has 0\nwrote\n");
  const two = holder(place.at("f"));
  assertStringIncludes(await two.said(), `23 another download is writing to ${place.path}/f.part`);
  await two.child.stdin.close();
  await two.child.status;
  assertEquals(Deno.statSync(place.at("f.part")).size, 10);
  one.child.kill("SIGKILL");
  await one.said();
  await one.child.status;
  await one.child.stdin.close().catch(() => {});
  const three = holder(place.at("f"));
  assertEquals(await three.said("wrote"), "has 10\nwrote\n");
  await three.child.stdin.close();
  await three.said();
  await three.child.status;
  assertEquals(Deno.statSync(place.at("f.part")).size, 20);
});
