import { assertEquals, assertStringIncludes } from "@std/assert";
import { OVERLAP } from "../../../../lib/cli/part/continuation.ts";
import { ExitCode } from "../../../../lib/cli/failure/exit_code.ts";
import {
  type Content,
  otherContent,
  randomContent,
  resizedContent,
} from "../../../support/lab/content.ts";
import { startMirror } from "../../../support/lab/mirror_lab.ts";
import { type Ask, refused, served } from "../../../support/lab/odd_reply.ts";
import { type OddServer, startOddServer } from "../../../support/lab/odd_server.ts";
import { facts, open, partWorkplace } from "../../../support/cli/part_workplace.ts";
import { failCommand, shownBy } from "../../../support/cli/run_command.ts";

const MEBIBYTE = 1024 * 1024;
const SIZE = 1_500_000;
const CONTENT = randomContent(SIZE);
const BYTES = CONTENT.read(0, SIZE);
/** Small blocks, so that all mirrors get something to do. */
const SMALL = ["--split-size", "100000"];

Deno.test("-C - continues an interrupted download, and the file is correct", async () => {
  using place = partWorkplace("file.bin");
  const slow = { bytesPerSecond: 1_000_000, silentAfter: 700_000 };
  await using mirror = await startMirror({ content: CONTENT, ...slow });
  const args = [...SMALL, "-v", "-o", place.file, mirror.url];
  const error = await failCommand(args, (shown, abort) => {
    if (shown.includes("block 3 received")) abort();
  });
  assertEquals(error.exitCode, ExitCode.INTERRUPTED);
  assertStringIncludes(error.message, "interrupted at ");
  assertStringIncludes(error.message, " of 1.5 MB; ");
  assertStringIncludes(error.message, "is kept: run the same command with -C - to continue");
  const kept = place.read("file.bin.part");
  assertEquals(kept, BYTES.subarray(0, kept.byteLength));
  mirror.setRate(undefined);
  const shown = await shownBy([...args, "-C", "-", "--checksum", `sha-256=${CONTENT.sha256()}`]);
  assertStringIncludes(shown, "resuming ");
  assertStringIncludes(shown, " resumed) in ");
  assertEquals(place.read("file.bin"), BYTES);
  assertEquals(place.names(), ["file.bin"]);
});

Deno.test("-C - downloads only what is missing, and a little for the comparison", async () => {
  for (const existing of [0, 1, OVERLAP, OVERLAP + 1, 1_000_000, SIZE - 1, SIZE]) {
    using place = partWorkplace("file.bin");
    Deno.writeFileSync(place.part, BYTES.subarray(0, existing));
    await using mirror = await startMirror({ content: CONTENT });
    await shownBy([
      ...SMALL,
      ...["-C", "-", "-o", place.file, "--checksum", `sha-256=${CONTENT.sha256()}`, mirror.url],
    ]);
    assertEquals(place.read("file.bin"), BYTES, `${existing} bytes`);
    const starts = mirror.requests.flatMap(({ range }) => range?.start ?? []);
    assertEquals(Math.min(...starts), Math.max(0, existing - OVERLAP));
  }
});

Deno.test("-C - downloads again what a crash of the system kept from the disk", async () => {
  using place = partWorkplace("file.bin");
  await using mirror = await startMirror({ content: CONTENT, etag: '"1"' });
  const lost = 1_000_000 - 200 * 4096;
  {
    using part = await open(place);
    part.begin(facts(SIZE, '"1"', mirror.url));
    await part.write(BYTES.subarray(0, 1_000_000));
    await part.settle();
  }
  // Killed before there were sums of its bytes.
  const record = JSON.parse(Deno.readTextFileSync(place.record));
  Deno.writeTextFileSync(place.record, JSON.stringify({ ...record, pieces: [] }));
  Deno.writeFileSync(place.part, BYTES.slice(0, 1_000_000).fill(0, 1_000_000 - lost));
  const shown = await shownBy(["-C", "-", "-o", place.file, mirror.url]);
  assertStringIncludes(shown, `the last 180.8 kB of ${place.part} did not reach the disk`);
  assertStringIncludes(shown, `resuming ${place.part} at 819.2 kB`);
  assertEquals(place.read("file.bin"), BYTES);
  const starts = mirror.requests.flatMap(({ range }) => range?.start ?? []);
  assertEquals(Math.min(...starts), 1_000_000 - lost - OVERLAP);
});

Deno.test("-C - without a part file starts from the beginning", async () => {
  using place = partWorkplace("file.bin");
  await using mirror = await startMirror({ content: CONTENT });
  await shownBy(["-C", "-", "-o", place.file, mirror.url]);
  assertEquals(place.read("file.bin"), BYTES);
});

Deno.test("-C - works with a mirror that knows no ranges", async () => {
  using place = partWorkplace("file.bin");
  Deno.writeFileSync(place.part, BYTES.subarray(0, 1_000_000));
  await using mirror = await startMirror({ content: CONTENT, ranges: false });
  await shownBy(["-C", "-", "-o", place.file, mirror.url]);
  assertEquals(place.read("file.bin"), BYTES);
});

Deno.test("-C - holds a file that is there against its checksum", async () => {
  using place = partWorkplace("file.bin");
  Deno.writeFileSync(place.file, BYTES);
  await using mirror = await startMirror({ content: CONTENT });
  const args = ["-C", "-", "-o", place.file, mirror.url];
  const shown = await shownBy(["--checksum", `sha-256=${CONTENT.sha256()}`, ...args]);
  assertStringIncludes(shown, "its checksum matches");
  const wrong = ["--checksum", `sha-256=${"0".repeat(64)}`, ...args];
  const error = await failCommand(wrong);
  assertEquals(error.exitCode, ExitCode.CHECKSUM);
  assertEquals(place.read("file.bin"), BYTES);
});

Deno.test("-C - has nothing to do where the file is there and no part file", async () => {
  using place = partWorkplace("file.bin");
  Deno.writeFileSync(place.file, BYTES);
  await using mirror = await startMirror({ content: CONTENT });
  const shown = await shownBy(["-C", "-", "-o", place.file, mirror.url]);
  assertStringIncludes(
    shown,
    "already exists, and has the expected size; use --checksum",
  );
  assertEquals(await shownBy(["-s", "-C", "-", "-o", place.file, mirror.url]), "");
  assertEquals(place.read("file.bin"), BYTES);
});

Deno.test("-C - takes half a file of another program for no whole one, and leaves it alone", async () => {
  using place = partWorkplace("file.bin");
  await using mirror = await startMirror({ content: CONTENT });
  const sizes: [bytes: number, advice: string][] = [
    [SIZE - 1, `rename it to ${place.file}.part and run the command again`],
    [SIZE + 1, "omit -C - to replace it"],
  ];
  for (const [bytes, advice] of sizes) {
    const there = new Uint8Array(SIZE + 1).subarray(0, bytes);
    Deno.writeFileSync(place.file, there);
    const error = await failCommand(["-C", "-", "-o", place.file, mirror.url]);
    assertEquals(error.exitCode, ExitCode.RESUME);
    assertStringIncludes(error.message, advice);
    assertEquals(place.read("file.bin").byteLength, bytes);
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
    using place = partWorkplace("file.bin");
    Deno.writeFileSync(place.part, part);
    await using mirror = await startMirror({ content });
    const error = await failCommand(["-C", "-", "-o", place.file, mirror.url]);
    assertEquals(error.exitCode, ExitCode.RESUME, `content ${index}: ${error.message}`);
    assertStringIncludes(error.message, "move it away or omit -C -");
    assertEquals(place.read("file.bin.part"), part);
    assertEquals(place.names(), ["file.bin.part"]);
  }
});

Deno.test("after the file has changed, the advice is to start over, not to continue", async () => {
  using place = partWorkplace("file.bin");
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
  const changed = await failCommand(["-o", place.file, url]);
  assertEquals(changed.exitCode, ExitCode.RECEIVE, changed.message);
  assertStringIncludes(changed.message, "run the same command again to start over");
  assertEquals(changed.message.includes("-C -"), false);
});

/** A link to `content` that works once, with an ETag that no record has. */
function oneTimeLink(content: Content, path?: string): Promise<OddServer> {
  const serve = (ask: Ask) => ask.index > 0 ? refused(403) : served(ask, { etag: '"link"' });
  return startOddServer({ content, serve, path });
}

Deno.test("-C - continues with a new link that works once, and compares all of a short part file", async () => {
  for (const existing of [1, OVERLAP, 1_000_000, SIZE]) {
    using place = partWorkplace("file.bin");
    Deno.writeFileSync(place.part, BYTES.subarray(0, existing));
    await using link = await oneTimeLink(CONTENT);
    await shownBy(["-C", "-", "-o", place.file, link.url]);
    assertEquals(place.read("file.bin"), BYTES, `${existing} bytes`);
    assertEquals(link.requests[0]?.range, { start: 0, end: SIZE });
  }
  using place = partWorkplace("file.bin");
  Deno.writeFileSync(place.part, BYTES.subarray(0, 1_000_000));
  await using other = await oneTimeLink(otherContent(CONTENT, 1000));
  const { exitCode, message } = await failCommand(["-C", "-", "-o", place.file, other.url]);
  assertEquals(exitCode, ExitCode.RESUME, message);
  assertStringIncludes(message, "its byte 1000 differs, and is unchanged");
  assertEquals(place.read("file.bin.part"), BYTES.subarray(0, 1_000_000));
});

Deno.test("-C - compares the last 8 MiB of a long part file with a link that looks as if it worked once", async () => {
  const size = 10 * MEBIBYTE;
  const content = randomContent(size);
  const start = 9 * MEBIBYTE - 8 * MEBIBYTE;
  const cases: [link: Content, exitCode: number][] = [
    [content, ExitCode.OK],
    [otherContent(content, start), ExitCode.RESUME],
  ];
  for (const [file, expected] of cases) {
    using place = partWorkplace("file.bin");
    Deno.writeFileSync(place.part, content.read(0, 9 * MEBIBYTE));
    await using link = await oneTimeLink(file, "/file.bin?token=1");
    const args = ["-C", "-", "-o", place.file, link.url];
    if (expected === ExitCode.OK) await shownBy(args);
    else assertEquals((await failCommand(args)).exitCode, expected);
    assertEquals(link.requests[0]?.range, { start, end: size });
    const name = expected === ExitCode.OK ? "file.bin" : "file.bin.part";
    assertEquals(place.read(name), content.read(0, expected === ExitCode.OK ? size : 9 * MEBIBYTE));
  }
});

Deno.test("-C - with a file that is there: mirrors that say no size, or nothing, and a part of the file", async () => {
  using place = partWorkplace("file.bin");
  Deno.writeFileSync(place.file, BYTES);
  const args = ["-C", "-", "-o", place.file];
  await using vague = await startMirror({ content: CONTENT, unknownLength: "chunked" });
  assertStringIncludes(await shownBy([...args, vague.url]), "no mirror reports a size");
  const faults = [{ kind: "status", status: 404 } as const];
  await using gone = await startMirror({ content: CONTENT, faults });
  assertEquals((await failCommand([...args, gone.url])).exitCode, 22);
  await using mirror = await startMirror({ content: CONTENT });
  const last = ["-r", `-${BYTES.length}`];
  assertStringIncludes(await shownBy([...last, ...args, mirror.url]), "has the expected size");
});
