import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { randomContent } from "../../support/lab/content.ts";
import { startMirror } from "../../support/lab/mirror_lab.ts";
import { type Need, testWith } from "../../support/programs/programs.ts";
import { type Workplace, workplace } from "../../support/workplace.ts";

const ROOT = new URL("../../..", import.meta.url);
const CONTENT = randomContent(1_000_000);
const IS_ROOT = Deno.build.os !== "windows" && Deno.uid() === 0;

/** Root without the right to write where permissions do not allow it; others have no such right. */
const NO_PRIVILEGE = IS_ROOT
  ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
  : [];

/** Starts the command in a directory, by a shell that does something first. */
function start(place: Workplace, first: string, ...args: string[]): Deno.ChildProcess {
  const map = `--import-map=${new URL("import_map.npm.json", ROOT).href}`;
  const deno = [Deno.execPath(), "run", "--quiet", "--no-check", map, "-A"];
  const command = [...NO_PRIVILEGE, ...deno, new URL("cli.ts", ROOT).href, ...args];
  return new Deno.Command("sh", {
    args: ["-c", `${first}; exec "$@"`, "sh", ...command],
    ...{ cwd: place.path, stdin: "null", stdout: "null", stderr: "piped" },
  }).spawn();
}

async function run(...args: Parameters<typeof start>) {
  const { code, stderr } = await start(...args).output();
  return { code, said: new TextDecoder().decode(stderr) };
}

/** Asserts that a directory has the beginning of the file, and that resuming ends with the file. */
async function assertResumes(place: Workplace, url: string): Promise<void> {
  const part = place.read("f.part");
  assert(part.byteLength > 0 && part.byteLength < CONTENT.size);
  assertEquals(part, CONTENT.read(0, part.byteLength));
  const { code, said } = await run(place, "true", "-C", "-", "-o", "f", url);
  assertEquals(code, 0, said);
  assertEquals(place.read("f"), CONTENT.read(0, CONTENT.size));
  assertEquals(place.names(), ["f"]);
}

const NEEDS: readonly Need[] = IS_ROOT ? ["setpriv"] : [];

testWith(
  NEEDS,
  "a file that may not become longer is a write error, and goes on later",
  async () => {
    await using mirror = await startMirror({ content: CONTENT, etag: '"1"' });
    // Without the signal that would end the process.
    using place = workplace();
    const limit = "trap '' XFSZ; ulimit -f 400";
    const { code, said } = await run(place, limit, "-o", "f", mirror.url);
    assertStringIncludes(said, "cannot write to f.part: File too large");
    assertStringIncludes(said, "f.part is kept: run the same command with -C - to continue");
    assertEquals(code, 23);
    await assertResumes(place, mirror.url);
  },
);

testWith(
  NEEDS,
  "a directory that becomes read-only halfway is a write error, and goes on later",
  async () => {
    await using mirror = await startMirror({
      content: CONTENT,
      etag: '"1"',
      bytesPerSecond: 400_000,
      // Not all of it before the directory is read-only.
      silentAfter: 700_000,
    });
    using place = workplace();
    const watcher = Deno.watchFs(place.path);
    const child = start(place, "true", "-s", "-S", "-o", "f", mirror.url);
    for await (const { paths } of watcher) {
      if (!paths.includes(place.at("f.part"))) continue;
      if (Deno.statSync(place.at("f.part")).size > 100_000) break;
    }
    try {
      Deno.chmodSync(place.path, 0o555);
      mirror.setRate(undefined);
      const { code, stderr } = await child.output();
      const said = new TextDecoder().decode(stderr);
      // The record, or the name at the end, whichever is first.
      assertStringIncludes(said, "Permission denied");
      assertStringIncludes(said, "f.part is kept: run the same command with -C - to continue");
      assertEquals(code, 23);
    } finally {
      Deno.chmodSync(place.path, 0o755);
    }
    const complete = Deno.statSync(place.at("f.part")).size === CONTENT.size;
    if (!complete) return await assertResumes(place, mirror.url);
    assertEquals((await run(place, "true", "-C", "-", "-o", "f", mirror.url)).code, 0);
    assertEquals(place.read("f"), CONTENT.read(0, CONTENT.size));
  },
);
