import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "../../../lib/cli/part/file_target.ts";
import {
  bytesContent,
  type Content,
  otherContent,
  randomContent,
} from "../../support/lab/content.ts";
import { type LabMirror, startMirror } from "../../support/lab/mirror_lab.ts";
import { tryCommand } from "../../support/cli/run_command.ts";
import { denoArguments } from "../../support/programs/own_commands.ts";
import { workplace } from "../../support/workplace.ts";

const SIZE = 1_500_000;
const CONTENT = randomContent(SIZE);
const BYTES = CONTENT.read(0, SIZE);
const HALF = 700_000;

/** The command in a process of its own, writing to `f`. */
function command(cwd: string, args: string[], ...mirrors: LabMirror[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...[...denoArguments("cli.ts"), "-o", "f"],
      ...args,
      ...mirrors.map(({ url }) => url),
    ],
    ...{ cwd, stdin: "null", stdout: "null", stderr: "piped", env: { NO_COLOR: "1" } },
  });
}

/** Runs the command in this process, writing to `f` in a directory. */
async function run(path: string, args: string[], ...mirrors: LabMirror[]) {
  const urls = mirrors.map(({ url }) => url);
  const { error, shown } = await tryCommand(["-o", `${path}/f`, ...args, ...urls]);
  const stderr = `${shown}${error?.message ?? ""}`.replaceAll(`${path}/`, "");
  return { code: error?.exitCode ?? 0, stderr };
}

/** Bytes that a mirror sends before it is silent: not all of the file, however late this process looks at it. */
const SOME = 700_000;

/** Waits for a change in a directory that is watched. Throws what the command says if it ends before that. */
async function changed(
  watcher: Deno.FsWatcher,
  child: Deno.ChildProcess,
  isWanted: (paths: string[]) => boolean,
): Promise<void> {
  void child.status.then(() => {
    try {
      watcher.close();
    } catch {
      // It is closed: the change was seen.
    }
  });
  for await (const { paths } of watcher) if (isWanted(paths)) return;
  const { code, stderr } = await child.output();
  throw new Error(`the command ended with ${code}: ${new TextDecoder().decode(stderr)}`);
}

/** Runs the command in a directory, and kills it when there are more bytes than before. */
async function kill(path: string, args: string[], ...mirrors: LabMirror[]): Promise<void> {
  const part = `${path}/f.part`;
  for (const mirror of mirrors) mirror.setRate(400_000, SOME);
  const watcher = Deno.watchFs(path);
  const before = await exists(part, "f.part") ? Deno.statSync(part).size : 0;
  const child = command(path, args, ...mirrors).spawn();
  await changed(
    watcher,
    child,
    (paths) => paths.includes(part) && Deno.statSync(part).size >= before + 200_000,
  );
  child.kill("SIGKILL");
  await child.output();
  for (const mirror of mirrors) mirror.setRate(undefined);
}

/** Runs the command in a directory until it has begun to write, and returns it. */
async function begun(path: string, args: string[], mirror: LabMirror) {
  const watcher = Deno.watchFs(path);
  const child = command(path, args, mirror).spawn();
  await changed(watcher, child, (paths) => paths.some((name) => name.includes("f.part.json")));
  return child;
}

/** A directory where a download of a mirror's file was killed after some bytes. */
async function killed(args: string[], ...mirrors: LabMirror[]) {
  const place = workplace();
  await kill(place.path, args, ...mirrors);
  return { ...place, record: () => JSON.parse(place.readText("f.part.json")) };
}

Deno.test("-C - refuses a file whose beginning has changed", async () => {
  await using one = await startMirror({ content: CONTENT });
  await using two = await startMirror({ content: CONTENT });
  using place = await killed([], one, two);
  const part = place.read("f.part");
  // The first byte is another one now; size and the end of the part file are as they were.
  const changed = {
    ...CONTENT,
    size: SIZE,
    sha256: () => CONTENT.sha256(),
    read: (start: number, end: number) =>
      (start === 0 ? otherContent(CONTENT) : CONTENT).read(start, end),
  };
  one.setContent(changed, '"changed"');
  two.setContent(changed, '"changed"');
  const { code, stderr } = await run(place.path, ["-C", "-"], one, two);
  assertEquals(code, 36, stderr);
  assertMatch(
    stderr,
    /mirror dropped: http:\S+: the file changed: its ETag was ".*", and its bytes differ at byte 0/,
  );
  assertStringIncludes(stderr, "move it away or omit -C - to start over");
  assertEquals(place.read("f.part"), part);
  assertEquals(place.names(), ["f.part", "f.part.json"]);
  const again = await run(place.path, [], two);
  assertEquals(again.code, 0, again.stderr);
  assertEquals(place.names(), ["f"]);
});

Deno.test("-C - refuses a part file that may hold bytes of two files, as mirrors turned out to differ", async () => {
  await using one = await startMirror({ content: CONTENT, etag: '"one"' });
  await using two = await startMirror({ content: otherContent(CONTENT, HALF), etag: '"two"' });
  using place = workplace();
  for (const mirror of [one, two]) mirror.setRate(600_000);
  const { code, stderr } = await run(place.path, [], one, two);
  assertEquals(code, 56, stderr);
  assertStringIncludes(stderr, "may hold bytes of either file: start over");
  const part = place.read("f.part");
  for (const mirror of [one, two]) {
    mirror.setRate(undefined);
    const again = await run(place.path, ["-C", "-"], mirror);
    assertEquals(again.code, 36, again.stderr);
    assertStringIncludes(again.stderr, "f.part may hold bytes of different files");
    assertStringIncludes(again.stderr, "move it away or omit -C - to start over");
    assertEquals(place.read("f.part"), part);
  }
  const over = await run(place.path, [], one);
  assertEquals(over.code, 0, over.stderr);
  assertEquals(place.read("f"), BYTES);
  assertEquals(place.names(), ["f"]);
});

Deno.test("-C - continues with a new mirror, and the record lists both", async () => {
  await using one = await startMirror({ content: CONTENT, etag: '"one"' });
  await using two = await startMirror({ content: CONTENT, etag: '"two"' });
  using place = await killed([], one);
  await kill(place.path, ["-C", "-"], two);
  const { size, mirrors } = place.record();
  assertEquals(size, SIZE);
  assertEquals(mirrors.map(({ etag }: { etag: string }) => etag), ['"one"', '"two"']);
  const { code, stderr } = await run(place.path, ["-C", "-"], one, two);
  assertEquals(code, 0, stderr);
  assertEquals(place.read("f"), BYTES);
});

Deno.test("a record that is torn or missing is said, and the file is right", async () => {
  await using mirror = await startMirror({ content: CONTENT });
  const states: [spoil: (path: string) => void, says: string][] = [
    [(path) => Deno.truncateSync(path, 30), "f.part.json cannot be used: not JSON"],
    [(path) => Deno.truncateSync(path), "f.part.json cannot be used: not JSON"],
    [(path) => Deno.removeSync(path), "f.part.json does not exist; only the end of f.part is"],
  ];
  using left = await killed([], mirror);
  for (const [spoil, says] of states) {
    using place = workplace();
    for (const name of left.names()) place.write(name, left.read(name));
    spoil(`${place.path}/f.part.json`);
    const { code, stderr } = await run(place.path, ["-C", "-"], mirror);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, says);
    assertEquals(place.read("f"), BYTES);
    assertEquals(place.names(), ["f"]);
  }
});

Deno.test("the record of a newer version is refused", async () => {
  await using mirror = await startMirror({ content: CONTENT });
  using place = await killed([], mirror);
  place.write("f.part.json", '{"version":2}');
  const { code, stderr } = await run(place.path, ["-C", "-"], mirror);
  assertEquals(code, 36, stderr);
  assertStringIncludes(stderr, "f.part.json was written by a newer sphttp");
});

Deno.test("a record holds no credentials", async () => {
  const authorization = `Basic ${btoa("user:hunter2")}`;
  await using mirror = await startMirror({ content: CONTENT, requireAuthorization: authorization });
  using place = await killed(["-u", "user:hunter2"], mirror);
  assertEquals(place.record().mirrors[0].url, mirror.url);
  assertEquals(JSON.stringify(place.record()).includes("hunter2"), false);
});

Deno.test("-C - continues a range of a file, and no other range", async () => {
  await using mirror = await startMirror({ content: CONTENT });
  using place = await killed(["-r", `${HALF}-1399999`], mirror);
  const kept = place.read("f.part");
  assertEquals(kept, CONTENT.read(HALF, HALF + kept.byteLength));
  const others: [args: string[], says: RegExp][] = [
    [[], /f\.part begins at byte 700000 of the file, not at the requested byte 0/],
    [["-r", "0-"], /not at the requested byte 0/],
    [["-r", "-1000000"], /not at the requested byte 500000/],
    // What would be continued lies behind the end of the file.
    [["-r", "1400000-"], /not at the requested byte 1400000/],
  ];
  for (const [args, says] of others) {
    const { code, stderr } = await run(place.path, ["-C", "-", ...args], mirror);
    assertEquals(code, 36, stderr);
    assertMatch(stderr, says);
  }
  const { code, stderr } = await run(place.path, ["-C", "-", "-r", `${HALF}-`], mirror);
  assertEquals(code, 0, stderr);
  assertEquals(place.read("f"), CONTENT.read(HALF, SIZE));
});

Deno.test("two commands for one file: the second one is refused", async () => {
  await using mirror = await startMirror({ content: CONTENT });
  using place = await killed([], mirror);
  // The first command cannot end before the others have.
  mirror.setRate(100_000, 100_000);
  const first = await begun(place.path, ["-C", "-"], mirror);
  for (const args of [[], ["-C", "-"]]) {
    const { code, stderr } = await run(place.path, args, mirror);
    assertEquals(code, 23, stderr);
    assertStringIncludes(stderr, "another download is writing to f.part; wait until it is done");
  }
  mirror.setRate(undefined);
  const { code } = await first.output();
  assertEquals(code, 0);
  assertEquals(place.read("f"), BYTES);
});

Deno.test("--remove-on-error leaves neither part nor record, also when interrupted", async () => {
  await using mirror = await startMirror({ content: CONTENT });
  using place = await killed([], mirror);
  mirror.setRate(200_000, SOME);
  const child = await begun(place.path, ["--remove-on-error"], mirror);
  child.kill("SIGINT");
  const { code, stderr } = await child.output();
  assertEquals(code, 130, new TextDecoder().decode(stderr));
  assertEquals(place.names(), []);
});

/** The file of {@linkcode CONTENT} with one other byte. */
function changedAt(position: number): Content {
  const bytes = BYTES.slice();
  bytes[position]! ^= 1;
  return bytesContent(bytes);
}

Deno.test("-C - with another mirror compares the part file with it: one byte that differs is found", async () => {
  await using one = await startMirror({ content: CONTENT });
  using place = await killed([], one);
  const part = place.read("f.part");
  for (const position of [1000, Math.floor(part.byteLength / 2), part.byteLength - 70_000]) {
    await using two = await startMirror({ content: changedAt(position), etag: '"two"' });
    const { code, stderr } = await run(place.path, ["-C", "-"], two);
    assertEquals(code, 36, stderr);
    const differs = `f.part belongs to another version of the file: its byte ${position} differs`;
    assertStringIncludes(stderr, differs);
    assertStringIncludes(stderr, "is unchanged; move it away or omit -C - to start over");
    assertEquals(place.read("f.part"), part);
  }
  // Beside a mirror that has the file, the other one is dropped.
  await using two = await startMirror({ content: changedAt(1000), etag: '"two"' });
  const { code, stderr } = await run(place.path, ["-C", "-"], two, one);
  assertEquals(code, 0, stderr);
  assertEquals(place.read("f"), BYTES);
});

Deno.test("-C - continues where the ETag is another one, but not the file", async () => {
  await using mirror = await startMirror({ content: CONTENT, etag: '"machine 1"' });
  using place = await killed([], mirror);
  mirror.setContent(CONTENT, '"machine 2"');
  const { code, stderr } = await run(place.path, ["-C", "-"], mirror);
  assertEquals(code, 0, stderr);
  assertEquals(place.read("f"), BYTES);
});

Deno.test("-C - downloads only the end again where the ETag proves the file", async () => {
  await using mirror = await startMirror({ content: CONTENT });
  using place = await killed([], mirror);
  const existing = place.read("f.part").byteLength;
  const before = mirror.requests.length;
  const { code, stderr } = await run(place.path, ["-C", "-"], mirror);
  assertEquals(code, 0, stderr);
  const lowest = Math.min(
    ...mirror.requests.slice(before).map(({ range }) => range?.start ?? 0),
  );
  assertEquals(lowest, existing - 64 * 1024);
});

Deno.test("-C - finds a part file that was changed anywhere, before anything is requested", async () => {
  await using mirror = await startMirror({ content: CONTENT });
  using place = await killed([], mirror);
  mirror.setRate(200_000, SOME);
  const child = command(place.path, ["-C", "-"], mirror).spawn();
  const before = place.read("f.part").byteLength;
  while (place.read("f.part").byteLength === before) await sleep(50);
  // A download that ends in an orderly way records all of it.
  child.kill("SIGINT");
  assertEquals((await child.output()).code, 130);
  mirror.setRate(undefined);
  const part = place.read("f.part");
  for (const position of [0, 100_000, part.byteLength - 70_000, part.byteLength - 1]) {
    const changed = part.slice();
    changed[position]! ^= 16;
    Deno.writeFileSync(`${place.path}/f.part`, changed);
    const requests = mirror.requests.length;
    const { code, stderr } = await run(place.path, ["-C", "-"], mirror);
    assertEquals(code, 36, stderr);
    assertStringIncludes(stderr, "f.part differs from its record behind byte ");
    assertEquals(mirror.requests.length, requests);
  }
});

async function sleep(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  await promise;
}
