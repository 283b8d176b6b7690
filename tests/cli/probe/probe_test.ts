import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { probeMirrors } from "../../../lib/cli/probe/probe.ts";
import {
  parseProbeArguments,
  type ProbeArguments,
} from "../../../lib/cli/probe/probe_arguments.ts";
import type { AssessedMirror } from "../../../lib/cli/probe/assessment.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { otherContent, randomContent, resizedContent } from "../../support/lab/content.ts";
import { type LabMirror, startMirror } from "../../support/lab/mirror_lab.ts";

const SIZE = 2_000_000;
const CONTENT = randomContent(SIZE);
/** Enough to measure a rate on loopback. */
const QUICK = "--time=0.1";

/** Measures mirrors as the command does, without printing. */
async function probe(args: string[], signal = new AbortController().signal) {
  const command = await commandOf([QUICK, ...args]);
  return await probeMirrors(command, { signal, caCerts: [], report: () => {} });
}

async function commandOf(args: string[]): Promise<ProbeArguments> {
  const command = await parseProbeArguments(args);
  if (command === "help") throw new Error("This is no probe");
  return command;
}

function verdictOf(mirrors: readonly AssessedMirror[], { port }: LabMirror) {
  const found = mirrors.find(({ measurement: { url } }) => new URL(url).port === String(port));
  return [found?.verdict, found?.reason];
}

Deno.test("sphttp probe finds the usable mirrors, and the reasons against the others", async () => {
  await using fast = await startMirror({ content: CONTENT });
  await using slow = await startMirror({ content: CONTENT, bytesPerSecond: 1_000_000 });
  await using whole = await startMirror({ content: CONTENT, ranges: false });
  await using short = await startMirror({ content: resizedContent(CONTENT, 123) });
  await using other = await startMirror({ content: otherContent(CONTENT) });
  await using late = await startMirror({ content: otherContent(CONTENT, SIZE / 2) });
  await using star = await startMirror({ content: CONTENT, unknownLength: "star" });
  await using moved = await startMirror({ content: CONTENT, redirectTo: fast.url });
  await using gone = await startMirror({
    content: CONTENT,
    faults: [{ kind: "status", status: 404 }],
  });
  await using packed = await startMirror({ content: CONTENT, faults: [{ kind: "compress" }] });
  const all = [fast, slow, whole, short, other, late, star, moved, gone, packed];
  const mirrors = await probe(all.map(({ url }) => url));
  assertEquals(mirrors.length, all.length);
  // Whether a usable mirror is slow depends on what was measured: assessment_test.ts has a table.
  const usable = (mirror: LabMirror) => assertNotEquals(verdictOf(mirrors, mirror)[0], "skip");
  for (const mirror of [fast, slow, moved]) usable(mirror);
  assertEquals(verdictOf(mirrors, whole), ["skip", "does not support ranges"]);
  assertEquals(verdictOf(mirrors, short), [
    "skip",
    "has a different size than the others: 123 B instead of 2000000 B",
  ]);
  assertEquals(verdictOf(mirrors, other), [
    "skip",
    "has different bytes at the beginning than the others",
  ]);
  assertEquals(verdictOf(mirrors, late), [
    "skip",
    "has different bytes in the middle than the others",
  ]);
  assertEquals(verdictOf(mirrors, star), ["skip", "does not report the file's size"]);
  assertStringIncludes(verdictOf(mirrors, moved)[1]!, `redirects to 127.0.0.1:${fast.port}`);
  assertEquals(verdictOf(mirrors, gone), ["skip", "answered 404"]);
  assertStringIncludes(verdictOf(mirrors, packed)[1]!, "the body was encoded on the way (gzip)");
});

Deno.test("sphttp probe measures latency and rate, and requests little", async () => {
  await using mirror = await startMirror({
    content: randomContent(50_000_000),
    roundTripMs: 30,
    bytesPerSecond: 5_000_000,
  });
  const [{ measurement } = { measurement: undefined }] = await probe(["--time=1", mirror.url]);
  const { latencyMs, firstAnswerMs, bytesPerSecond, status, size, etag } = measurement!;
  assertEquals([status, size, etag?.length], [206, 50_000_000, etag?.length]);
  // A connection's first request takes two round trips; what is measured is never less than that.
  assert(latencyMs! >= 29 && firstAnswerMs! >= 58, `${latencyMs} ${firstAnswerMs}`);
  assert(bytesPerSecond! > 0, `${bytesPerSecond}`);
  const ranges = mirror.requests.map(({ range }) => range!.end - range!.start);
  // The first answer, its rest, the middle, three times the latency, and the rate.
  assertEquals(ranges.slice(-4), [1, 1, 1, 50_000_000]);
  // A few bytes may come again, for a comparison.
  const compared = ranges.slice(0, -4).reduce((sum, bytes) => sum + bytes, 0) - 2 * 64 * 1024;
  assert(compared >= 0 && compared <= 4096, `${compared}`);
  const rateRequest = mirror.requests.at(-1)!;
  assert(rateRequest.bytesSent < 10_000_000, `${rateRequest.bytesSent}`);
});

Deno.test("sphttp probe measures rates one mirror at a time", async () => {
  await using one = await startMirror({ content: CONTENT, bytesPerSecond: 1_000_000 });
  await using two = await startMirror({ content: CONTENT, bytesPerSecond: 1_000_000 });
  await probe([one.url, two.url]);
  const [first, second] = [one, two].map(({ requests }) => requests.at(-1)!);
  assert(second!.atMs >= first!.atMs + 90, `${first!.atMs} ${second!.atMs}`);
});

Deno.test("sphttp probe of files that are small, empty, or of unknown size", async () => {
  for (const size of [0, 1, 100, 64 * 1024, 64 * 1024 + 1]) {
    const content = randomContent(size);
    await using one = await startMirror({ content });
    await using two = await startMirror({ content });
    const mirrors = await probe([one.url, two.url]);
    assertEquals(mirrors.map(({ measurement }) => measurement.size), [size, size]);
    assert(mirrors.every(({ verdict }) => verdict !== "skip"));
  }
  await using chunked = await startMirror({ content: CONTENT, unknownLength: "chunked" });
  const [mirror] = await probe([chunked.url]);
  assertEquals([mirror!.verdict, mirror!.reason], [
    "use",
    "supports only the whole file, no ranges",
  ]);
});

Deno.test("sphttp probe of a mirror that fails while its rate is measured", async () => {
  await using good = await startMirror({ content: CONTENT });
  await using bad = await startMirror({
    content: CONTENT,
    faults: [{ kind: "truncate", afterBytes: 1_000_000 }],
  });
  // Time enough on any machine: the file ends before.
  const mirrors = await probe(["--time=30", bad.url, good.url]);
  assertEquals(verdictOf(mirrors, good), ["use", undefined]);
  const [verdict, reason] = verdictOf(mirrors, bad);
  assertEquals(verdict, "skip");
  assertStringIncludes(reason!, "of the body");
});

Deno.test("sphttp probe sends credentials to the mirror's origin only, and shows none", async () => {
  const requireAuthorization = `Basic ${btoa("me:hunter2")}`;
  await using target = await startMirror({ content: CONTENT });
  await using mirror = await startMirror({ content: CONTENT, requireAuthorization });
  await using moved = await startMirror({
    content: CONTENT,
    redirectTo: target.url,
    requireAuthorization,
  });
  const inUrl = mirror.url.replace("://", "://me:hunter2@");
  const mirrors = await probe(["-u", "me:hunter2", "-A", "me/1", inUrl, moved.url, mirror.url]);
  assertEquals(mirrors.map(({ verdict }) => verdict !== "skip"), [true, true]);
  assertEquals(JSON.stringify(mirrors).includes("hunter2"), false);
  for (const { headers } of target.requests) {
    assertEquals([headers["authorization"], headers["user-agent"]], [undefined, "me/1"]);
  }
});

Deno.test("sphttp probe --netrc-file and --cookie are sent as a download would send them", async () => {
  const requireAuthorization = `Basic ${btoa("me:hunter2")}`;
  await using mirror = await startMirror({ content: CONTENT, requireAuthorization });
  const netrc = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(netrc, "machine 127.0.0.1 login me password hunter2");
    const mirrors = await probe(["--netrc-file", netrc, "-b", "a=1", mirror.url]);
    assertEquals(mirrors.map(({ verdict }) => verdict), ["use"]);
    assertEquals(JSON.stringify(mirrors).includes("hunter2"), false);
    assertEquals(
      new Set(mirror.requests.map(({ headers }) => headers["cookie"])),
      new Set(["a=1"]),
    );
  } finally {
    await Deno.remove(netrc);
  }
});

Deno.test("sphttp probe stops when it is interrupted", async () => {
  await using mirror = await startMirror({
    content: CONTENT,
    faults: [{ kind: "stall", beforeHeaders: true }],
  });
  const controller = new AbortController();
  const interrupted = new CommandError(ExitCode.INTERRUPTED, "interrupted");
  const running = probe([mirror.url], controller.signal);
  controller.abort(interrupted);
  assertEquals(await assertRejects(() => running), interrupted);
});
