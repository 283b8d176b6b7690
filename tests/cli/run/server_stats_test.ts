import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { loadServerStats, saveServerStats } from "../../../lib/cli/run/server_stats.ts";
import { MirrorBook } from "../../../mod.ts";
import { firstRanges, LONG_AND_FAST, mostFirstRanges, MUCH } from "../../support/first_ranges.ts";
import { randomContent } from "../../support/lab/content.ts";
import { type LabMirror, startMirror } from "../../support/lab/mirror_lab.ts";
import { served } from "../../support/lab/odd_reply.ts";
import { startOddServer } from "../../support/lab/odd_server.ts";
import { tryCommand } from "../../support/cli/run_command.ts";
import { workplace } from "../../support/workplace.ts";

const CONTENT = randomContent(4_000_000, 13);
/** Of a longer file, both of two mirrors bring enough to be measured. */
const LONG = randomContent(8_000_000, 14);
const KNOWN = { bytesPerSecond: 8e6, latencyMs: 40 };
const OTHER = "https://other.test";

/** A directory for a file, and for what is known of its servers. */
function statsWorkplace() {
  const place = workplace();
  return { ...place, output: place.at("file.bin"), stats: place.at("servers.json") };
}

/** A link on which little is dared at first. */
function slowStart(content = CONTENT): Promise<LabMirror> {
  return startMirror({ ...LONG_AND_FAST, content });
}

/** A file that knows a mirror, and another host. */
function writeStats(path: string, mirror: LabMirror, learnedAtMs = Date.now()): void {
  const book = new MirrorBook();
  for (const url of [mirror.url, OTHER]) book.set(url, KNOWN, learnedAtMs);
  Deno.writeTextFileSync(path, JSON.stringify(book));
}

function readStats(path: string) {
  const text = Deno.readTextFileSync(path);
  return MirrorBook.fromJSON(JSON.parse(text)).toJSON().origins;
}

Deno.test("--server-stat-of and -if: what one download learns, the next one knows", async () => {
  using place = statsWorkplace();
  const same = [`--server-stat-of=${place.stats}`, `--server-stat-if=${place.stats}`];
  // A lone mirror would be asked for everything at once.
  await using peer = await slowStart(LONG);
  await using mirror = await slowStart(LONG);
  const args = ["--delay=adaptive", "-o", place.output, ...same, peer.url];
  const first = await tryCommand([...args, mirror.url]);
  assertEquals([first.error, first.shown.includes("ignored")], [undefined, false]);
  assertEquals(place.names(), ["file.bin", "servers.json"]);
  assert(firstRanges(mirror) < MUCH, `${firstRanges(mirror)}`);
  const origins = [peer, mirror].map(({ url }) => new URL(url).origin);
  const learned = () => Object.keys(readStats(place.stats)).sort();
  // To a busy machine, one of them may seem to bring nearly everything.
  for (let more = 0; more < 3 && learned().length < 2; more++) {
    await tryCommand([...args, mirror.url]);
  }
  assertEquals(learned(), origins.sort());
  const size = await mostFirstRanges(mirror, () => tryCommand([...args, mirror.url]));
  assert(size > MUCH, `${size}`);
});

Deno.test("--server-stat-timeout: older figures are not used, and forgotten", async () => {
  for (const [timeout, used] of [["7200", true], ["3600", false]] as const) {
    using place = statsWorkplace();
    await using peer = await slowStart();
    await using mirror = await slowStart();
    const size = await mostFirstRanges(mirror, async () => {
      writeStats(place.stats, mirror, Date.now() - 5_000_000);
      await tryCommand([
        ...["--delay=adaptive", "-o", place.output, `--server-stat-timeout=${timeout}`],
        ...[`--server-stat-if=${place.stats}`, `--server-stat-of=${place.stats}`],
        ...[peer.url, mirror.url],
      ]);
      assertEquals(OTHER in readStats(place.stats), used);
    });
    assert(used ? size > MUCH : size < MUCH, `${timeout}: ${size}`);
  }
});

Deno.test("--server-stat-of keeps entries of other hosts, also after a failure", async () => {
  for (const status of [undefined, 404]) {
    using place = statsWorkplace();
    const faults = status === undefined ? [] : [{ kind: "status" as const, status }];
    await using mirror = await startMirror({ content: CONTENT, bytesPerSecond: 50e6, faults });
    writeStats(place.stats, mirror, Date.now() - 60_000);
    const before = readStats(place.stats);
    const copy = place.at("copy.json");
    const { error } = await tryCommand([
      ...["-o", place.output, `--server-stat-if=${place.stats}`, `--server-stat-of=${copy}`],
      mirror.url,
    ]);
    assertEquals(error?.exitCode, status && ExitCode.STATUS);
    const { origin } = new URL(mirror.url);
    const after = readStats(copy);
    assertEquals(after[OTHER], before[OTHER]);
    assertEquals(after[origin]!.learnedAtMs > before[origin]!.learnedAtMs, status === undefined);
    assertEquals(readStats(place.stats), before);
  }
});

Deno.test("--server-stat-if ignores an invalid file, with a message", async () => {
  using place = statsWorkplace();
  await using mirror = await startMirror({ content: CONTENT, bytesPerSecond: 50e6 });
  const table: [text: string, says: string][] = [
    ["secret", "not JSON"],
    ["", "not JSON"],
    ['{"version":2}', "version is 2, but must be 1"],
    [
      '{"version":1,"origins":{"http://a.test":{}}}',
      "bytesPerSecond of http://a.test is undefined",
    ],
  ];
  for (const [text, says] of table) {
    Deno.writeTextFileSync(place.stats, text);
    const args = ["-o", place.output, `--server-stat-if=${place.stats}`, mirror.url];
    const { shown, error } = await tryCommand(args);
    assertEquals(error, undefined);
    const lines = shown.split("\n").filter((line) => line.includes(" is ignored: "));
    assertEquals(lines.length, 1, shown);
    assertStringIncludes(lines[0]!, `sphttp: ${place.stats} is ignored: ${says}`);
    assertEquals(shown.includes("secret"), false);
    assertEquals(Deno.readTextFileSync(place.stats), text);
    assertEquals((await tryCommand(["-s", ...args])).shown, "");
  }
  const unreadable = ["-o", place.output, `--server-stat-if=${place.path}`, mirror.url];
  const directory = await tryCommand(unreadable);
  assertEquals(directory.error, undefined);
  assertMatch(directory.shown, /^sphttp: \S+ is ignored: it is a directory$/m);
});

Deno.test("--server-stat-of: a path that cannot be written is a message, not an error", async () => {
  using place = statsWorkplace();
  await using mirror = await startMirror({ content: CONTENT, bytesPerSecond: 50e6 });
  const table: [path: string, says: string][] = [
    [place.at("none/servers.json"), "its directory does not exist"],
    [place.path, "it is a directory"],
    [`${place.output}/servers.json`, "Not a directory"],
  ];
  for (const [path, says] of table) {
    const args = ["-o", place.output, `--server-stat-of=${path}`, mirror.url];
    const { shown, error } = await tryCommand(args);
    assertEquals(error, undefined);
    const last = shown.trimEnd().split("\n").at(-1)!;
    assertStringIncludes(
      last,
      `sphttp: cannot save server statistics: cannot write to ${path}: `,
    );
    if (Deno.build.os !== "windows") assertStringIncludes(last, says);
    assertEquals(place.names(), ["file.bin"]);
  }
});

Deno.test("nothing is written where no download took place", async () => {
  using place = statsWorkplace();
  const url = "http://127.0.0.1:1/file.bin";
  const { error: usage } = await tryCommand(["--retry", "1", `--server-stat-of=${place.stats}`]);
  assertEquals(usage?.exitCode, ExitCode.USAGE);
  const { error } = await tryCommand([
    "--max-connection-per-server=17",
    "-o",
    place.output,
    `--server-stat-of=${place.stats}`,
    url,
  ]);
  assertEquals(error?.exitCode, ExitCode.USAGE);
  assertEquals(error?.message, "--max-connection-per-server is 17, but must be from 1 to 16");
  assertEquals(place.names(), []);
});

Deno.test("saveServerStats() replaces a file in one step, and follows a link", async () => {
  using place = statsWorkplace();
  const save = place.stats;
  const warn = (text: string) => {
    throw new Error(text);
  };
  const files = { load: undefined, save, maxAgeMs: undefined };
  const book = new MirrorBook();
  await saveServerStats(files, book, warn);
  book.set(OTHER, KNOWN);
  await saveServerStats(files, book, warn);
  assertEquals(Object.keys(readStats(save)), [OTHER]);
  if (Deno.build.os === "windows") return;
  const link = place.at("link.json");
  Deno.symlinkSync(save, link);
  await saveServerStats({ ...files, save: link }, new MirrorBook(), warn);
  assertEquals(readStats(save), {});
  assertEquals(Deno.lstatSync(link).isSymlink, true);
  await saveServerStats({ ...files, save: "/dev/null" }, book, warn);
  assertEquals(Deno.statSync("/dev/null").isFile, false);
  assertEquals(place.names(), ["link.json", "servers.json"]);
});

Deno.test("loadServerStats() makes a book only where one is asked for", async () => {
  using place = statsWorkplace();
  const warn = (text: string) => {
    throw new Error(text);
  };
  const none = { load: undefined, save: undefined, maxAgeMs: undefined };
  assertEquals(await loadServerStats(none, warn), undefined);
  for (const files of [{ ...none, load: place.stats }, { ...none, save: place.stats }]) {
    assertEquals((await loadServerStats(files, warn))?.size, 0);
  }
  assertEquals(place.names(), []);
});

Deno.test("--server-stat-of and -if: validators that are unreliable are remembered", async () => {
  using place = statsWorkplace();
  const bytesPerSecond = 20e6;
  // It goes on once the other one was asked for one of its versions.
  await using good = await startMirror({ content: CONTENT, bytesPerSecond, silentAfter: 1e6 });
  await using odd = await startOddServer({
    content: CONTENT,
    serve: (ask) => {
      if ("if-range" in ask.head.headers) good.setRate(bytesPerSecond);
      return served(ask, { etag: `"${ask.index}"` });
    },
    bytesPerSecond,
  });
  const args = ["-o", place.output, `--server-stat-of=${place.stats}`, odd.url, good.url];
  await tryCommand(args);
  const { unreliable } = JSON.parse(Deno.readTextFileSync(place.stats));
  assertEquals(Object.keys(unreliable), [new URL(odd.url).origin]);
  const conditional = () => odd.requests.filter(({ headers }) => "if-range" in headers).length;
  const before = conditional();
  assert(before > 0);
  const { error, shown } = await tryCommand([`--server-stat-if=${place.stats}`, ...args]);
  assertEquals([error, shown.includes("ignored"), conditional()], [undefined, false, before]);
  const content = Deno.readFileSync(place.output);
  assertEquals([content.length, content], [CONTENT.size, CONTENT.read(0, CONTENT.size)]);
});
