import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bytesContent } from "../support/lab/content.ts";
import { startMirror } from "../support/lab/mirror_lab.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const ROOT = new URL("../..", import.meta.url);
const BYTES = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 2654435761) >>> 13);

/** What Deno reads of the environment when a client is created. */
const PROXIES = ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
  .flatMap((name) => [name, name.toLowerCase()]).join();

/** Runs the command in a directory of its own, with these permissions. */
async function run(place: Workplace, permissions: readonly string[], args: readonly string[]) {
  const map = `--import-map=${new URL("import_map.npm.json", ROOT).href}`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--no-prompt", map, ...permissions],
      ...[new URL("cli.ts", ROOT).href, ...args],
    ],
    ...{ cwd: place.path, stdin: "null", stdout: "piped", stderr: "piped" },
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr);
  assert(!/\n\s+at |this is a bug/.test(said), said);
  return { code, stdout, said };
}

/** Runs all rows, two at a time: there are as many processors. */
async function each<Row>(rows: readonly Row[], work: (row: Row) => Promise<void>): Promise<void> {
  const left = [...rows];
  const next = async () => {
    for (let row = left.shift(); row !== undefined; row = left.shift()) await work(row);
  };
  await Promise.all([next(), next()]);
}

Deno.test("each command runs with the permissions that SECURITY.md names", async () => {
  await using mirror = await startMirror({ content: bytesContent(BYTES) });
  const { host } = new URL(mirror.url);
  const net = `--allow-net=${host}`;
  const choosing = ["--allow-net=127.0.0.1", `--allow-env=${PROXIES}`];
  const rows: [permissions: string[], args: string[]][] = [
    [[net, "--allow-read=.", "--allow-write=."], ["-o", "f", mirror.url]],
    [[net], ["-o", "-", mirror.url]],
    [[net], ["probe", mirror.url]],
    [choosing, ["-4", "-o", "-", mirror.url]],
    [[], ["completions", "bash"]],
  ];
  await each(rows, async ([permissions, args]) => {
    using place = workplace();
    const { code, stdout, said } = await run(place, permissions, args);
    assertEquals(code, 0, `${args}: ${said}`);
    if (args.includes("-o")) {
      assertEquals(args.includes("f") ? place.read("f") : stdout, BYTES);
    } else assert(stdout.byteLength > 0);
  });
});

Deno.test("a permission that is missing is named, with the flag that adds it", async () => {
  await using mirror = await startMirror({ content: bytesContent(BYTES) });
  const { host } = new URL(mirror.url);
  const files = ["--allow-read=.", "--allow-write=."];
  const usual = [`--allow-net=${host}`, ...files];
  const rows: [permissions: string[], args: string[], code: number, said: string][] = [
    [[], [], 23, "cannot write to f: Requires read access"],
    [[`--allow-net=${host}`, "--allow-read=."], [], 23, "cannot write to f.part: Requires write"],
    [files, [], 7, `connection failed: Requires net access to "${host}"`],
    [usual, ["-x", "http://127.0.0.1:1"], 7, 'Requires net access to "127.0.0.1:1"'],
    [usual, ["-4"], 7, "run again with --allow-net=127.0.0.1 added"],
    [[...usual, "--allow-net=127.0.0.1"], ["-4"], 7, "--allow-env=NO_PROXY,no_proxy"],
    [usual, ["--etag-save", "/x"], 23, 'Requires read access to "/x"'],
    [usual, ["--time-cond", "/x"], 2, '--time-cond: /x: Requires read access to "/x"'],
    [usual, ["--on-complete", "/x"], 2, "no permission to run it; run again with --allow-run=/x"],
    [usual, ["--trace", "/x"], 23, 'cannot write the trace: Requires write access to "/x"'],
  ];
  await each(rows, async ([permissions, args, code, expected]) => {
    using place = workplace();
    const found = await run(place, permissions, ["-o", "f", ...args, mirror.url]);
    assertStringIncludes(found.said, expected);
    assertStringIncludes(found.said, "--allow-");
    assertEquals(found.code, code, found.said);
    assertEquals(place.names(), []);
  });
});
