import { assertEquals, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../../lib/cli/failure/exit_code.ts";
import { randomContent, resizedContent } from "../../../support/lab/content.ts";
import { startMirror } from "../../../support/lab/mirror_lab.ts";
import { partWorkplace } from "../../../support/cli/part_workplace.ts";
import { failCommand, shownBy } from "../../../support/cli/run_command.ts";

const SIZE = 1_500_000;
const CONTENT = randomContent(SIZE);
const BYTES = CONTENT.read(0, SIZE);
/** Small blocks, so that all mirrors get something to do. */
const SMALL = ["--split-size", "100000"];

Deno.test("transfer() gets the right file from three mirrors", async () => {
  using place = partWorkplace("file.bin");
  await using one = await startMirror({ content: CONTENT });
  await using two = await startMirror({ content: CONTENT });
  await using three = await startMirror({ content: CONTENT });
  const shown = await shownBy([
    ...SMALL,
    ...["-o", place.file, "--checksum", `sha-256=${CONTENT.sha256()}`],
    ...[one.url, two.url, three.url],
  ]);
  assertEquals(place.read("file.bin"), BYTES);
  assertEquals(place.names(), ["file.bin"]);
  assertStringIncludes(shown, "sphttp: 1.5 MB in ");
  assertStringIncludes(shown, `; sha-256 ok -> ${place.file}`);
});

Deno.test("transfer() of an empty file makes one", async () => {
  using place = partWorkplace("file.bin");
  await using mirror = await startMirror({ content: randomContent(0) });
  await shownBy(["-o", place.file, mirror.url]);
  assertEquals(Deno.statSync(place.file).size, 0);
  assertEquals(place.names(), ["file.bin"]);
});

Deno.test("transfer() replaces a file that -o names, and starts a part file over", async () => {
  using place = partWorkplace("file.bin");
  Deno.writeFileSync(place.file, new Uint8Array(10));
  Deno.writeFileSync(place.part, new Uint8Array(2 * SIZE));
  await using mirror = await startMirror({ content: CONTENT });
  const shown = await shownBy(["-o", place.file, mirror.url]);
  assertEquals(place.read("file.bin"), BYTES);
  assertEquals(place.names(), ["file.bin"]);
  assertStringIncludes(
    shown,
    ".part exists and will be overwritten; use -C - to continue it",
  );
});

Deno.test("transfer() leaves a part file alone while no mirror has given a byte", async () => {
  using place = partWorkplace("file.bin");
  Deno.writeTextFileSync(place.part, "precious");
  await using mirror = await startMirror({
    content: CONTENT,
    faults: [{ kind: "status", status: 404 }],
  });
  const error = await failCommand(["-o", place.file, mirror.url]);
  assertEquals(error.exitCode, ExitCode.STATUS);
  assertEquals(Deno.readTextFileSync(place.part), "precious");
});

Deno.test("transfer() leaves no empty part file behind", async () => {
  using place = partWorkplace("file.bin");
  await using mirror = await startMirror({
    content: CONTENT,
    faults: [{ kind: "status", status: 404 }],
  });
  await failCommand(["-o", place.file, mirror.url]);
  assertEquals(place.names(), []);
});

Deno.test("a checksum that does not match keeps the part file, but not under its name", async () => {
  using place = partWorkplace("file.bin");
  await using mirror = await startMirror({ content: CONTENT });
  const expected = "0".repeat(64);
  const args = ["-o", place.file, "--checksum", `sha256=${expected}`, mirror.url];
  const error = await failCommand(args);
  assertEquals(error.exitCode, ExitCode.CHECKSUM);
  assertStringIncludes(error.message, "'sphttp probe' with the same URLs shows");
  assertStringIncludes(error.message, `expected ${expected}`);
  assertStringIncludes(error.message, `got      ${CONTENT.sha256()}`);
  assertEquals(place.names(), ["file.bin.part", "file.bin.part.json"]);
});

Deno.test("mirrors whose files differ are an error that names them", async () => {
  using place = partWorkplace("file.bin");
  await using one = await startMirror({ content: CONTENT });
  await using two = await startMirror({ content: resizedContent(CONTENT, SIZE - 1) });
  const error = await failCommand(["-o", place.file, one.url, two.url]);
  assertEquals(error.exitCode, ExitCode.RECEIVE);
  assertStringIncludes(error.message, `${one.url}: ${SIZE} bytes`);
  assertStringIncludes(error.message, `${two.url}: ${SIZE - 1} bytes`);
});

Deno.test("a dropped mirror is reported once, also in the final error", async () => {
  using place = partWorkplace("file.bin");
  await using mirror = await startMirror({
    content: CONTENT,
    faults: [{ kind: "status", status: 404 }],
  });
  let shown = "";
  const error = await failCommand(["-o", place.file, mirror.url], (text) => shown = text);
  assertEquals(shown.includes("dropped"), false);
  assertStringIncludes(error.message, `${mirror.url}: `);
  await using other = await startMirror({
    content: CONTENT,
    faults: [{ kind: "status", status: 410 }],
  });
  const both = await failCommand(["-o", place.file, mirror.url, other.url], (text) => shown = text);
  assertStringIncludes(shown, `sphttp: mirror dropped: ${mirror.url}`);
  assertStringIncludes(shown, `sphttp: mirror dropped: ${other.url}`);
  assertEquals(both.message, "no mirror is left to download from");
  const silent = await failCommand(["-s", "-o", place.file, mirror.url], (text) => shown = text);
  assertStringIncludes(silent.message, `${mirror.url}: `);
});

Deno.test("a URL that is given twice is noted, and counts once", async () => {
  using place = partWorkplace("file.bin");
  await using mirror = await startMirror({ content: CONTENT });
  const shown = await shownBy(["-o", place.file, mirror.url, mirror.url]);
  assertStringIncludes(shown, `${mirror.url} was given more than once`);
  assertStringIncludes(shown, "from 1 mirror ->");
});

Deno.test("-s says nothing, -v says every event", async () => {
  using place = partWorkplace("file.bin");
  await using mirror = await startMirror({ content: CONTENT });
  assertEquals(await shownBy(["-s", "-o", place.file, mirror.url, mirror.url]), "");
  const shown = await shownBy([...SMALL, "-v", "-o", place.file, mirror.url]);
  assertStringIncludes(shown, `probing ${mirror.url} with a request for bytes 0-`);
  assertStringIncludes(shown, `${mirror.url} answered 206: 1.5 MB`);
  for (let block = 0; block < 15; block++) {
    assertStringIncludes(shown, `block ${block} received from ${mirror.url}`);
  }
});

Deno.test("--trace writes every event as a line of JSON, without credentials", async () => {
  using place = partWorkplace("file.bin");
  await using mirror = await startMirror({
    content: CONTENT,
    requireAuthorization: `Basic ${btoa("user:hunter2")}`,
  });
  const url = mirror.url.replace("://", "://user:hunter2@");
  await shownBy([
    ...SMALL,
    ...["-o", place.file, "--trace", place.at("trace.ndjson"), "-H", "X-Secret: hunter2"],
    ...[`--static-delay=${url}=2`, url],
  ]);
  const text = place.readText("trace.ndjson");
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
    const error = await failCommand(["-o", "/dev/null", ...args]);
    assertStringIncludes(error.message, says);
    assertEquals(error.exitCode, code, error.message);
    assertEquals(error.message.includes("hunter2"), false, error.message);
  }
});

Deno.test("a place that cannot be written to is found before anything is asked", async () => {
  using place = partWorkplace("file.bin");
  Deno.mkdirSync(place.file);
  await using mirror = await startMirror({ content: CONTENT });
  const refused: [args: string[], says: string][] = [
    [["-o", place.file], "it is a directory"],
    [["-o", `${place.file}/none/f`], "its directory does not exist"],
    [["-o", `${place.file}/f/`], "no file name"],
    [["-o", "/dev/null", "--trace", `${place.file}/none/t`], "cannot write the trace"],
  ];
  for (const [args, says] of refused) {
    const error = await failCommand([...args, mirror.url]);
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
    const error = await failCommand(["-o", "/dev/full", mirror.url]);
    assertEquals(error.exitCode, ExitCode.WRITE);
    assertStringIncludes(error.message, "cannot write to /dev/full: ");
    using place = partWorkplace("file.bin");
    const traced = await failCommand(["-o", place.file, "--trace", "/dev/full", mirror.url]);
    assertEquals(traced.exitCode, ExitCode.WRITE);
    assertStringIncludes(traced.message, "the trace is incomplete");
    assertEquals(place.read("file.bin"), BYTES);
  },
});

Deno.test({
  name: "a link is followed: what it points to is replaced",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using place = partWorkplace("file.bin");
    Deno.writeTextFileSync(place.file, "old");
    Deno.symlinkSync(place.file, `${place.file}.link`);
    await using mirror = await startMirror({ content: CONTENT });
    await shownBy(["-o", `${place.file}.link`, mirror.url]);
    assertEquals(place.read("file.bin"), BYTES);
    assertEquals(Deno.lstatSync(`${place.file}.link`).isSymlink, true);
  },
});
