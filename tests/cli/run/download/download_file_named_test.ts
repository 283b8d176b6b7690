import { assertEquals, assertStringIncludes } from "@std/assert";
import { loadTrace } from "../../../../lib/cli/analyze/trace_reader.ts";
import { randomContent } from "../../../support/lab/content.ts";
import {
  type LabMirror,
  type MirrorOptions,
  startMirror,
} from "../../../support/lab/mirror_lab.ts";
import { page } from "../../../support/lab/odd_reply.ts";
import { startOddServer } from "../../../support/lab/odd_server.ts";
import { failCommand, runCommand } from "../../../support/cli/run_command.ts";
import { programPath, testWith } from "../../../support/programs/programs.ts";
import { workplace } from "../../../support/workplace.ts";

const CONTENT = randomContent(1_500_000, 11);
const BYTES = CONTENT.read(0, CONTENT.size);
const SMALL = ["--split-size", "100000"];

function startNamed(disposition: string, options: Partial<MirrorOptions> = {}): Promise<LabMirror> {
  const responseHeaders = { "Content-Disposition": disposition };
  return startMirror({ content: CONTENT, responseHeaders, path: "/get", ...options });
}

const NAMES: readonly (readonly [disposition: string, name: string])[] = [
  ['attachment; filename="film.mkv"', "film.mkv"],
  ["attachment; filename=plain.mkv", "plain.mkv"],
  ["attachment; filename=x; filename*=UTF-8''%e6%98%a0%e7%94%bb.mkv", "映画.mkv"],
  // Never a path, hidden, disguised or a device.
  ['attachment; filename="/etc/passwd"', "passwd"],
  ['attachment; filename="../../up.bin"', "up.bin"],
  ['attachment; filename="..\\\\..\\\\boot.ini"', "boot.ini"],
  ["attachment; filename*=UTF-8''..%2F..%2Fup.bin", "up.bin"],
  ['attachment; filename=".bashrc"', "bashrc"],
  ["attachment; filename*=UTF-8''exe.%E2%80%AEvkm", "exe.vkm"],
  ['attachment; filename="-"', "-"],
  ['attachment; filename="nul"', "_nul"],
  // None: that of the URL.
  ["attachment", "get"],
  ['attachment; filename=".."', "get"],
];

Deno.test("-J names the file as the server does, made safe", async () => {
  for (const [disposition, name] of NAMES) {
    using place = workplace();
    await using mirror = await startNamed(disposition);
    await runCommand(["-J", "--output-dir", place.path, mirror.url]);
    assertEquals(place.names(), [name], disposition);
    assertEquals(place.read(name), BYTES);
  }
});

Deno.test("-J: a URL without a name is enough, and the name is known to -w", async () => {
  using place = workplace();
  await using mirror = await startNamed('attachment; filename="film.mkv"', { path: "/" });
  const args = ["-OJ", "--output-dir", place.path, "-w", "%{filename_effective}", mirror.url];
  const { written } = await runCommand(args);
  assertEquals(written, `${place.path}/film.mkv`);
  await using unnamed = await startMirror({ content: CONTENT, path: "/" });
  const error = await failCommand(["-J", "--output-dir", place.path, unnamed.url]);
  assertEquals(error.exitCode, 2);
  assertStringIncludes(error.message, "has no file name");
});

Deno.test("-J never replaces a file; --no-clobber numbers the new one; -o goes before", async () => {
  using place = workplace();
  place.write("film.mkv", "mine");
  await using mirror = await startNamed('attachment; filename="film.mkv"');
  const args = ["-J", "--output-dir", place.path];
  const error = await failCommand([...args, mirror.url]);
  assertEquals(error.exitCode, 23);
  assertStringIncludes(error.message, "film.mkv already exists");
  assertEquals(place.readText("film.mkv"), "mine");
  assertEquals(place.names(), ["film.mkv"]);
  await runCommand([...args, "--no-clobber", mirror.url]);
  assertEquals(place.read("film.mkv.1"), BYTES);
  await runCommand(["-J", "-o", place.at("own"), mirror.url]);
  assertEquals(place.names(), ["film.mkv", "film.mkv.1", "own"]);
  assertEquals(place.readText("film.mkv"), "mine");
});

Deno.test("-J asks for no more than a download without it: a link may work once", async () => {
  using place = workplace();
  await using mirror = await startNamed('attachment; filename="film.mkv"');
  await runCommand(["-J", "--output-dir", place.path, mirror.url]);
  const once = mirror.requests.length;
  await runCommand(["-o", place.at("other"), mirror.url]);
  assertEquals(mirror.requests.length - once, once);
});

Deno.test("-J: with several mirrors, and a part that begins in the middle", async () => {
  using place = workplace();
  await using one = await startNamed('attachment; filename="film.mkv"');
  await using two = await startNamed('attachment; filename="film.mkv"');
  const args = [...SMALL, "-J", "--output-dir", place.path];
  await runCommand([...args, "-r", "1000-", one.url, two.url]);
  assertEquals(place.read("film.mkv"), BYTES.slice(1000));
  await runCommand([...args, "--no-clobber", "-r", "-1000", one.url, two.url]);
  assertEquals(place.read("film.mkv.1"), BYTES.slice(-1000));
});

Deno.test("the last bytes of a file whose size no mirror says are exit 33", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: CONTENT, unknownLength: "chunked" });
  const error = await failCommand(["-r", "-1000", "--output-dir", place.path, "-O", mirror.url]);
  assertEquals(error.exitCode, 33);
  assertStringIncludes(error.message, "no mirror reports the size of the file");
  assertEquals(place.names(), []);
});

Deno.test("-J with -C - resumes the part file of the name that the server gives", async () => {
  using place = workplace();
  await using mirror = await startNamed('attachment; filename="film.mkv"', {
    bytesPerSecond: 1_000_000,
    silentAfter: 700_000,
  });
  const args = [...SMALL, "-v", "-J", "-C", "-", "--output-dir", place.path, mirror.url];
  const error = await failCommand(args, (shown, abort) => {
    // What has been received need not have been written yet.
    const isWritten = place.names().includes("film.mkv.part.json");
    if (isWritten && shown.includes("block 3 received")) abort();
  });
  assertEquals(error.exitCode, 130);
  assertStringIncludes(error.message, "film.mkv.part is kept");
  assertEquals(place.names(), ["film.mkv.part", "film.mkv.part.json"]);
  mirror.setRate(undefined);
  const { shown } = await runCommand(args);
  assertStringIncludes(shown, "film.mkv.part at ");
  assertEquals(place.read("film.mkv"), BYTES);
  assertEquals(place.names(), ["film.mkv"]);
  // And then there is nothing to do.
  const again = await runCommand(args);
  assertStringIncludes(again.shown, "film.mkv already exists, and has the expected size");
});

Deno.test("-J with -C - and --trace records the download that continues the part file", async () => {
  using place = workplace();
  await using mirror = await startNamed('attachment; filename="film.mkv"');
  place.write("film.mkv.part", BYTES.slice(0, 700_000));
  const args = ["-J", "-C", "-", "--output-dir", place.path, "--trace", place.at("trace")];
  await runCommand([...args, mirror.url]);
  assertEquals(place.read("film.mkv"), BYTES);
  const { events } = await loadTrace(place.at("trace"));
  assertEquals(events.filter(({ type }) => type === "open" || type === "end").length, 2);
});

Deno.test("-J: a failure before the name is known leaves nothing", async () => {
  using place = workplace();
  await using mirror = await startNamed('attachment; filename="film.mkv"', {
    faults: [{ kind: "status", status: 404 }],
  });
  const error = await failCommand(["-J", "--output-dir", place.path, mirror.url]);
  assertEquals(error.exitCode, 22);
  assertEquals(place.names(), []);
});

Deno.test("-J: in a list, out= goes before, and two files of one name do not meet", async () => {
  using place = workplace();
  await using one = await startNamed('attachment; filename="film.mkv"');
  await using two = await startNamed('attachment; filename="film.mkv"', { path: "/two" });
  await using three = await startNamed('attachment; filename="film.mkv"', { path: "/three" });
  place.write("list", `${one.url}\n${two.url}\n${three.url}\n out=three\n`);
  const args = ["-J", "-j1", "--output-dir", place.path, "-i", place.at("list")];
  const error = await failCommand(args);
  assertEquals(error.exitCode, 23);
  assertEquals(place.names(), ["film.mkv", "list", "three"]);
});

testWith(["curl"], "-J names a file as curl does", async () => {
  const simple = NAMES.filter(([disposition]) => !/\*=|\.\.|\\|\.bashrc|nul|"-"/.test(disposition));
  for (const [disposition, name] of simple) {
    using place = workplace();
    await using mirror = await startNamed(disposition);
    const args = ["-sSOJ", "--output-dir", place.path, mirror.url];
    const { code } = await new Deno.Command(programPath("curl"), { args }).output();
    assertEquals([code, place.names()], [0, [name]], disposition);
  }
});

Deno.test("-o NAME promises what the file is: an HTML page is refused", async () => {
  const serve = () => page("Sign in");
  await using server = await startOddServer({ content: randomContent(9, 1), serve, path: "/get" });
  using place = workplace();
  const film = place.at("film.mkv");
  const error = await failCommand(["-s", "-o", film, server.url]);
  assertStringIncludes(error.message, "sent a web page (“Sign in”) instead of ");
  assertStringIncludes(error.message, "--allow-html");
  assertEquals(place.names(), []);
  for (const [name, ...flags] of [["page"], ["page.html"], ["film.mkv", "--allow-html"]]) {
    await runCommand(["-s", ...flags, "-o", place.at(name!), server.url]);
    assertStringIncludes(place.readText(name!), "Sign in");
  }
});
