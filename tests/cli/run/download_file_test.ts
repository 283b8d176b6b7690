import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { OVERLAP } from "../../../lib/cli/part/continuation.ts";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { otherContent, randomContent, resizedContent } from "../../support/lab/content.ts";
import { startMirror } from "../../support/lab/mirror_lab.ts";
import { runCommand } from "../../support/cli/run_command.ts";

const SIZE = 1_500_000;
const CONTENT = randomContent(SIZE);
const BYTES = CONTENT.read(0, SIZE);
const SHA256 = createHash("sha256").update(BYTES).digest("hex");
/** Small blocks, so that all mirrors get something to do. */
const SMALL = ["--split-size", "100000"];

/** A directory that goes away. */
function workplace() {
  const path = Deno.makeTempDirSync({ prefix: "sphttp-cli-" });
  return {
    file: `${path}/file.bin`,
    part: `${path}/file.bin.part`,
    trace: `${path}/trace.ndjson`,
    names: () => [...Deno.readDirSync(path)].map(({ name }) => name).sort(),
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

/** Does what a command line says; resolves to what was shown. */
async function run(...args: Parameters<typeof runCommand>) {
  return (await runCommand(...args)).shown;
}

/** Does what cannot be done; resolves to the error. */
async function fail(...[args, watch]: Parameters<typeof run>) {
  const error = await assertRejects(() => run(args, watch), CommandError);
  return error as CommandError;
}

Deno.test("transfer() gets the right file from three mirrors", async () => {
  using place = workplace();
  await using one = await startMirror({ content: CONTENT });
  await using two = await startMirror({ content: CONTENT });
  await using three = await startMirror({ content: CONTENT });
  const shown = await run([
    ...SMALL,
    ...["-o", place.file, "--checksum", `sha-256=${SHA256}`],
    ...[one.url, two.url, three.url],
  ]);
  assertEquals(Deno.readFileSync(place.file), BYTES);
  assertEquals(place.names(), ["file.bin"]);
  assertStringIncludes(shown, "sphttp: 1.5 MB in ");
  assertStringIncludes(shown, `; sha-256 ok -> ${place.file}`);
});

Deno.test("transfer() of an empty file makes one", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: randomContent(0) });
  await run(["-o", place.file, mirror.url]);
  assertEquals(Deno.statSync(place.file).size, 0);
  assertEquals(place.names(), ["file.bin"]);
});

Deno.test("transfer() replaces a file that -o names, and starts a part file over", async () => {
  using place = workplace();
  Deno.writeFileSync(place.file, new Uint8Array(10));
  Deno.writeFileSync(place.part, new Uint8Array(2 * SIZE));
  await using mirror = await startMirror({ content: CONTENT });
  const shown = await run(["-o", place.file, mirror.url]);
  assertEquals(Deno.readFileSync(place.file), BYTES);
  assertEquals(place.names(), ["file.bin"]);
  assertStringIncludes(
    shown,
    ".part exists and will be overwritten; use -C - to continue it",
  );
});

Deno.test("transfer() leaves a part file alone while no mirror has given a byte", async () => {
  using place = workplace();
  Deno.writeTextFileSync(place.part, "precious");
  await using mirror = await startMirror({
    content: CONTENT,
    faults: [{ kind: "status", status: 404 }],
  });
  const error = await fail(["-o", place.file, mirror.url]);
  assertEquals(error.exitCode, ExitCode.STATUS);
  assertEquals(Deno.readTextFileSync(place.part), "precious");
});

Deno.test("transfer() leaves no empty part file behind", async () => {
  using place = workplace();
  await using mirror = await startMirror({
    content: CONTENT,
    faults: [{ kind: "status", status: 404 }],
  });
  await fail(["-o", place.file, mirror.url]);
  assertEquals(place.names(), []);
});

Deno.test("a checksum that does not match keeps the part file, but not under its name", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: CONTENT });
  const expected = "0".repeat(64);
  const error = await fail(["-o", place.file, "--checksum", `sha256=${expected}`, mirror.url]);
  assertEquals(error.exitCode, ExitCode.CHECKSUM);
  assertStringIncludes(error.message, "'sphttp probe' with the same URLs shows");
  assertStringIncludes(error.message, `expected ${expected}`);
  assertStringIncludes(error.message, `got      ${SHA256}`);
  assertEquals(place.names(), ["file.bin.part", "file.bin.part.json"]);
});

Deno.test("-C - continues an interrupted download, and the file is correct", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: CONTENT, bytesPerSecond: 1_000_000 });
  const args = [...SMALL, "-v", "-o", place.file, mirror.url];
  const error = await fail(args, (shown, abort) => {
    if (shown.includes("block 3 received")) abort();
  });
  assertEquals(error.exitCode, ExitCode.INTERRUPTED);
  assertStringIncludes(error.message, "interrupted at ");
  assertStringIncludes(error.message, " of 1.5 MB; ");
  assertStringIncludes(error.message, "is kept: run the same command with -C - to continue");
  const kept = Deno.readFileSync(place.part);
  assertEquals(kept, BYTES.subarray(0, kept.byteLength));
  mirror.setRate(undefined);
  const shown = await run([...args, "-C", "-", "--checksum", `sha-256=${SHA256}`]);
  assertStringIncludes(shown, "resuming ");
  assertStringIncludes(shown, " resumed) in ");
  assertEquals(Deno.readFileSync(place.file), BYTES);
  assertEquals(place.names(), ["file.bin"]);
});

Deno.test("-C - downloads only what is missing, and a little for the comparison", async () => {
  for (const existing of [0, 1, OVERLAP, OVERLAP + 1, 1_000_000, SIZE - 1, SIZE]) {
    using place = workplace();
    Deno.writeFileSync(place.part, BYTES.subarray(0, existing));
    await using mirror = await startMirror({ content: CONTENT });
    await run([
      ...SMALL,
      ...["-C", "-", "-o", place.file, "--checksum", `sha-256=${SHA256}`, mirror.url],
    ]);
    assertEquals(Deno.readFileSync(place.file), BYTES, `${existing} bytes`);
    const starts = mirror.requests.flatMap(({ range }) => range?.start ?? []);
    assertEquals(Math.min(...starts), Math.max(0, existing - OVERLAP));
  }
});

Deno.test("-C - without a part file starts from the beginning", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: CONTENT });
  await run(["-C", "-", "-o", place.file, mirror.url]);
  assertEquals(Deno.readFileSync(place.file), BYTES);
});

Deno.test("-C - works with a mirror that knows no ranges", async () => {
  using place = workplace();
  Deno.writeFileSync(place.part, BYTES.subarray(0, 1_000_000));
  await using mirror = await startMirror({ content: CONTENT, ranges: false });
  await run(["-C", "-", "-o", place.file, mirror.url]);
  assertEquals(Deno.readFileSync(place.file), BYTES);
});

Deno.test("-C - holds a file that is there against its checksum", async () => {
  using place = workplace();
  Deno.writeFileSync(place.file, BYTES);
  await using mirror = await startMirror({ content: CONTENT });
  const args = ["-C", "-", "-o", place.file, mirror.url];
  const shown = await run(["--checksum", `sha-256=${CONTENT.sha256()}`, ...args]);
  assertStringIncludes(shown, "its checksum matches");
  const wrong = ["--checksum", `sha-256=${"0".repeat(64)}`, ...args];
  const error = await assertRejects(() => run(wrong), CommandError);
  assertEquals((error as unknown as CommandError).exitCode, ExitCode.CHECKSUM);
  assertEquals(Deno.readFileSync(place.file), BYTES);
});

Deno.test("-C - has nothing to do where the file is there and no part file", async () => {
  using place = workplace();
  Deno.writeFileSync(place.file, BYTES);
  await using mirror = await startMirror({ content: CONTENT });
  const shown = await run(["-C", "-", "-o", place.file, mirror.url]);
  assertStringIncludes(
    shown,
    "already exists, and has the expected size; use --checksum",
  );
  assertEquals(await run(["-s", "-C", "-", "-o", place.file, mirror.url]), "");
  assertEquals(Deno.readFileSync(place.file), BYTES);
});

Deno.test("-C - takes half a file of another program for no whole one, and leaves it alone", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: CONTENT });
  const sizes: [bytes: number, advice: string][] = [
    [SIZE - 1, `rename it to ${place.file}.part and run the command again`],
    [SIZE + 1, "omit -C - to replace it"],
  ];
  for (const [bytes, advice] of sizes) {
    const there = new Uint8Array(SIZE + 1).subarray(0, bytes);
    Deno.writeFileSync(place.file, there);
    const error = await fail(["-C", "-", "-o", place.file, mirror.url]);
    assertEquals(error.exitCode, ExitCode.RESUME);
    assertStringIncludes(error.message, advice);
    assertEquals(Deno.readFileSync(place.file).byteLength, bytes);
  }
});

Deno.test("-C - refuses to go on with another file, and leaves the part file as it was", async () => {
  const part = BYTES.subarray(0, 1_000_000);
  const others = [
    otherContent(CONTENT),
    otherContent(CONTENT, part.byteLength - 1),
    resizedContent(CONTENT, part.byteLength - 1),
    resizedContent(CONTENT, part.byteLength - OVERLAP),
    resizedContent(CONTENT, 1),
  ];
  for (const [index, content] of others.entries()) {
    using place = workplace();
    Deno.writeFileSync(place.part, part);
    await using mirror = await startMirror({ content });
    const error = await fail(["-C", "-", "-o", place.file, mirror.url]);
    assertEquals(error.exitCode, ExitCode.RESUME, `content ${index}: ${error.message}`);
    assertStringIncludes(error.message, "move it away or omit -C -");
    assertEquals(Deno.readFileSync(place.part), part);
    assertEquals(place.names(), ["file.bin.part"]);
  }
});

Deno.test("mirrors whose files differ are an error that names them", async () => {
  using place = workplace();
  await using one = await startMirror({ content: CONTENT });
  await using two = await startMirror({ content: resizedContent(CONTENT, SIZE - 1) });
  const error = await fail(["-o", place.file, one.url, two.url]);
  assertEquals(error.exitCode, ExitCode.RECEIVE);
  assertStringIncludes(error.message, `${one.url}: ${SIZE} bytes`);
  assertStringIncludes(error.message, `${two.url}: ${SIZE - 1} bytes`);
});

Deno.test("after the file has changed, the advice is to start over, not to continue", async () => {
  using place = workplace();
  let requests = 0;
  /** Breaks off, and has another file from then on. */
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    const first = requests++ === 0;
    const size = first ? SIZE : SIZE + 1;
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(BYTES.slice(0, 500_000)),
      pull: (controller) => controller.error(new Error("broken off")),
    });
    return new Response(body, {
      status: 206,
      headers: {
        etag: first ? '"one"' : '"two"',
        "content-length": `${size}`,
        "content-range": `bytes 0-${size - 1}/${size}`,
      },
    });
  });
  const url = `http://127.0.0.1:${server.addr.port}/file.bin`;
  const changed = await fail(["-o", place.file, url]);
  assertEquals(changed.exitCode, ExitCode.RECEIVE, changed.message);
  assertStringIncludes(changed.message, "run the same command again to start over");
  assertEquals(changed.message.includes("-C -"), false);
});

Deno.test("a dropped mirror is reported once, also in the final error", async () => {
  using place = workplace();
  await using mirror = await startMirror({
    content: CONTENT,
    faults: [{ kind: "status", status: 404 }],
  });
  let shown = "";
  const error = await fail(["-o", place.file, mirror.url], (text) => shown = text);
  assertEquals(shown.includes("dropped"), false);
  assertStringIncludes(error.message, `${mirror.url}: `);
  await using other = await startMirror({
    content: CONTENT,
    faults: [{ kind: "status", status: 410 }],
  });
  const both = await fail(["-o", place.file, mirror.url, other.url], (text) => shown = text);
  assertStringIncludes(shown, `sphttp: mirror dropped: ${mirror.url}`);
  assertStringIncludes(shown, `sphttp: mirror dropped: ${other.url}`);
  assertEquals(both.message, "no mirror is left to download from");
  const silent = await fail(["-s", "-o", place.file, mirror.url], (text) => shown = text);
  assertStringIncludes(silent.message, `${mirror.url}: `);
});

Deno.test("a URL that is given twice is noted, and counts once", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: CONTENT });
  const shown = await run(["-o", place.file, mirror.url, mirror.url]);
  assertStringIncludes(shown, `${mirror.url} was given more than once`);
  assertStringIncludes(shown, "from 1 mirror ->");
});

Deno.test("-s says nothing, -v says every event", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: CONTENT });
  assertEquals(await run(["-s", "-o", place.file, mirror.url, mirror.url]), "");
  const shown = await run([...SMALL, "-v", "-o", place.file, mirror.url]);
  assertStringIncludes(shown, `probing ${mirror.url} with a request for bytes 0-`);
  assertStringIncludes(shown, `${mirror.url} answered 206: 1.5 MB`);
  for (let block = 0; block < 15; block++) {
    assertStringIncludes(shown, `block ${block} received from ${mirror.url}`);
  }
});

Deno.test("--trace writes every event as a line of JSON, without credentials", async () => {
  using place = workplace();
  await using mirror = await startMirror({
    content: CONTENT,
    requireAuthorization: `Basic ${btoa("user:hunter2")}`,
  });
  const url = mirror.url.replace("://", "://user:hunter2@");
  await run([
    ...SMALL,
    ...["-o", place.file, "--trace", place.trace, "-H", "X-Secret: hunter2"],
    ...[`--static-delay=${url}=2`, url],
  ]);
  const text = Deno.readTextFileSync(place.trace);
  assertEquals(text.includes("hunter2"), false);
  const [start, ...events] = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(start.type, "start");
  assertEquals(start.version, 1);
  assertEquals(start.urls, [mirror.url]);
  assertEquals(start.splitSize, 100_000);
  assertEquals(start.options.staticDelays, { [mirror.url]: 2 });
  const received = events.filter(({ type }) => type === "receive");
  assertEquals(received.length, 15);
  assertEquals(events.at(-1).outcome, "complete");
});

Deno.test("what the engine refuses is said in the words of the command line", async () => {
  const url = "http://127.0.0.1:1/f";
  const refused: [args: string[], says: string, code: number][] = [
    [
      ["--delay", "fast", url],
      '--delay is "fast", but must be one of adaptive, normal, diff, inv, static',
      2,
    ],
    [["--duplicate", "x", url], '--duplicate is "x", but must be one of nibib, ibrc, none', 2],
    [["--split-size", "10", url], "--split-size is 10, but must be at least 1000", 2],
    [
      ["--window=1M", "--split-size=1M", url],
      "--window is 1048576, but must be at least twice the block size",
      2,
    ],
    [["-H", "Range: bytes=0-1", url], "--header ", 2],
    [["--static-delay", "http://u:hunter2@x/f=1", url], "--static-delay ", 2],
    [
      ["--max-connection-per-server=0", url],
      "--max-connection-per-server is 0, but must be from 1 to 16",
      2,
    ],
    [
      ["--duplicate=ibrc", url],
      "--duplicate is not used by --delay adaptive; leave it out or add --delay diff",
      2,
    ],
    [["--no-initial-delay", url], "--no-initial-delay is not used by --delay adaptive", 2],
    [["--invalid-block-threshold=9999999", url], "--invalid-block-threshold is 9999999", 2],
    [["--cacert", "/nonexistent.pem", url], "--cacert", 2],
    [["--cacert", import.meta.filename!, url], "PEM format", 2],
    [["ftp://u:hunter2@x/f"], "only http: and https:", 3],
    [["nonsense"], '"nonsense" is not a URL', 3],
  ];
  for (const [args, says, code] of refused) {
    const error = await fail(["-o", "/dev/null", ...args]);
    assertStringIncludes(error.message, says);
    assertEquals(error.exitCode, code, error.message);
    assertEquals(error.message.includes("hunter2"), false, error.message);
  }
});

Deno.test("a place that cannot be written to is found before anything is asked", async () => {
  using place = workplace();
  Deno.mkdirSync(place.file);
  await using mirror = await startMirror({ content: CONTENT });
  const refused: [args: string[], says: string][] = [
    [["-o", place.file], "it is a directory"],
    [["-o", `${place.file}/none/f`], "its directory does not exist"],
    [["-o", `${place.file}/f/`], "no file name"],
    [["-o", "/dev/null", "--trace", `${place.file}/none/t`], "cannot write the trace"],
  ];
  for (const [args, says] of refused) {
    const error = await fail([...args, mirror.url]);
    assertEquals(error.exitCode, ExitCode.WRITE);
    assertStringIncludes(error.message, says);
  }
  assertEquals(mirror.requests.length, 0);
});

Deno.test({
  name: "a full disk is a write error",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using mirror = await startMirror({ content: CONTENT });
    const error = await fail(["-o", "/dev/full", mirror.url]);
    assertEquals(error.exitCode, ExitCode.WRITE);
    assertStringIncludes(error.message, "cannot write to /dev/full: ");
    using place = workplace();
    const traced = await fail(["-o", place.file, "--trace", "/dev/full", mirror.url]);
    assertEquals(traced.exitCode, ExitCode.WRITE);
    assertStringIncludes(traced.message, "the trace is incomplete");
    assertEquals(Deno.readFileSync(place.file), BYTES);
  },
});

Deno.test({
  name: "a link is followed: what it points to is replaced",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using place = workplace();
    Deno.writeTextFileSync(place.file, "old");
    Deno.symlinkSync(place.file, `${place.file}.link`);
    await using mirror = await startMirror({ content: CONTENT });
    await run(["-o", `${place.file}.link`, mirror.url]);
    assertEquals(Deno.readFileSync(place.file), BYTES);
    assertEquals(Deno.lstatSync(`${place.file}.link`).isSymlink, true);
  },
});
