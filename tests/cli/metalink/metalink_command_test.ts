import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { metalinkCommand } from "../../../lib/cli/metalink/metalink_command.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { formatMetalink, parseMetalink } from "../../../metalink.ts";
import { sha256Of } from "../../../lib/hashing/platform_hash.ts";
import { FILE, withMirrors } from "../../support/download.ts";
import { runCommand } from "../../support/cli/run_command.ts";
import { runProgram, testWith } from "../../support/programs/programs.ts";
import { type Workplace, workplace } from "../../support/workplace.ts";

const BYTES = FILE.read(0, FILE.size).slice();

async function written(place: Workplace, ...args: string[]): Promise<string> {
  await metalinkCommand(["-o", place.at("f.meta4"), ...args], new AbortController().signal);
  return place.readText("f.meta4");
}

Deno.test("sphttp metalink writes what parseMetalink() reads: size, hash, pieces, URLs in order", async () => {
  using place = workplace();
  const file = place.write("a & b.bin", BYTES);
  const urls = ["https://one.example/?a=1&b=2", "https://two.example/{a,b}"];
  const { files } = parseMetalink(await written(place, "--piece-length", "100K", file, ...urls));
  const [first] = files;
  assertEquals([first?.name, first?.size], ["a & b.bin", FILE.size]);
  assertEquals(first?.hashes, { "sha-256": FILE.sha256() });
  assertEquals(first?.urls.map(({ url, priority }) => [url, priority]), [
    ["https://one.example/?a=1&b=2", 1],
    ["https://two.example/a", 2],
    ["https://two.example/b", 3],
  ]);
  const length = 100 * 1024;
  const expected: string[] = [];
  for (let at = 0; at < FILE.size; at += length) {
    expected.push(await sha256Of(BYTES.slice(at, at + length)));
  }
  assertEquals(first?.pieces, { type: "sha-256", length, hashes: expected });
  const whole = parseMetalink(await written(place, file, urls[0]!)).files[0];
  assertEquals([whole?.pieces?.length, whole?.pieces?.hashes.length], [256 * 1024, 4]);
  const none = parseMetalink(
    await written(place, "--piece-length=0", "--name=x/y", file, urls[0]!),
  );
  assertEquals([none.files[0]?.pieces, none.files[0]?.name], [undefined, "x/y"]);
  place.write("empty", "");
  const empty = parseMetalink(await written(place, place.at("empty"), urls[0]!)).files[0];
  assertEquals([empty?.size, empty?.pieces], [0, undefined]);
});

Deno.test("sphttp metalink refuses what it cannot describe", async () => {
  using place = workplace();
  const file = place.write("f", BYTES);
  Deno.symlinkSync("f", place.at("link"));
  const table: [args: string[], exitCode: number, says: string][] = [
    [[], 2, "a file and its URLs are needed"],
    [[file], 2, "a file and its URLs are needed"],
    [[place.at("none"), "http://a.example/"], 26, "cannot read"],
    [[place.path, "http://a.example/"], 26, "cannot read"],
    [[file, "ftp://a.example/"], 3, "ftp"],
    [[file, "http://me:secret@a.example/"], 2, "http://a.example/ was given with credentials"],
    [["--piece-length=1", file, "http://a.example/"], 2, "use at least 11"],
    [["-o", place.at("no/f"), file, "http://a.example/"], 23, "no/f"],
    [["-o", file, file, "http://a.example/"], 2, "which the Metalink would replace"],
    [["-o", place.at("link"), file, "http://a.example/"], 2, "--output is"],
    [["-o", "", file, "http://a.example/"], 2, '--output is ""'],
    [["--name=", file, "http://a.example/"], 2, '--name is ""'],
    [["--pieces", file, "http://a.example/"], 2, "--pieces"],
  ];
  for (const [args, exitCode, says] of table) {
    const error = await assertRejects(
      () => metalinkCommand(args, new AbortController().signal),
      CommandError,
    );
    assertEquals(error.exitCode, exitCode, error.message);
    assertStringIncludes(error.message, says);
    assertEquals(error.message.includes("secret"), false);
  }
  assertEquals(place.read("f"), BYTES);
});

Deno.test("formatMetalink() escapes what XML cannot have", () => {
  const name = `a"b<c>&d\u0001`;
  const text = formatMetalink([{
    name,
    urls: [{ url: "https://one.example/?a&b", location: "de" }],
  }], "a & b");
  const { files, generator } = parseMetalink(text);
  assertEquals([files[0]?.name, generator], ["a_b_c_&d", "a & b"]);
  assertEquals(files[0]?.urls[0], {
    url: "https://one.example/?a&b",
    priority: 1,
    location: "de",
    maxConnections: undefined,
  });
});

testWith(
  ["aria2c", "wget2"],
  "aria2c, wget2 and sphttp download what sphttp metalink writes",
  async () => {
    await withMirrors([{}, {}], async (urls) => {
      using place = workplace();
      const metalink = place.at("f.meta4");
      await metalinkCommand([
        "-o",
        metalink,
        "--name",
        "film.bin",
        place.write("f", BYTES),
        ...urls,
      ], new AbortController().signal);
      for (const folder of ["theirs", "wget"]) Deno.mkdirSync(place.at(folder));
      const aria = ["--no-conf", "-q", "--check-integrity=true", "--file-allocation=none"];
      for (
        const [program, args] of [
          ["aria2c", [...aria, "-d", place.at("theirs"), "-M", metalink]],
          ["wget2", [
            "--no-config",
            "-q",
            "--force-metalink",
            "-i",
            metalink,
          ]],
        ] as const
      ) {
        const { code, stdout, stderr } = await runProgram(program, args, place.at("wget"));
        assertEquals(code, 0, new TextDecoder().decode(stdout) + stderr);
      }
      await runCommand(["-M", metalink, "--output-dir", place.at("ours"), "--create-dirs", "-s"]);
      for (const folder of ["theirs", "wget", "ours"]) {
        assertEquals(place.read(`${folder}/film.bin`), BYTES);
      }
    });
  },
);
