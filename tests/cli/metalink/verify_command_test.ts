import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { metalinkCommand } from "../../../lib/cli/metalink/metalink_command.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { FILE, withMirrors } from "../../support/download.ts";
import { bytesContent } from "../../support/lab/content.ts";
import { workplace } from "../../support/workplace.ts";

const BYTES = FILE.read(0, FILE.size).slice();
const PIECE = 100 * 1024;
const { signal } = new AbortController();

function flipped(...places: number[]): Uint8Array {
  const bytes = BYTES.slice();
  for (const place of places) bytes[place]! ^= 1;
  return bytes;
}

/** Makes a Metalink of the file, called `f.meta4`. */
async function place(args: readonly string[] = [], urls = ["http://a.example/f"]) {
  const place = workplace();
  const file = place.write("f", BYTES);
  const output = place.at("f.meta4");
  await metalinkCommand(
    ["-o", output, "--piece-length=100K", ...args, file, ...urls],
    signal,
  );
  return place;
}

async function fails(args: readonly string[], exitCode: number, ...says: readonly string[]) {
  const error = await assertRejects(() => metalinkCommand(args, signal), CommandError);
  for (const words of says) assertStringIncludes(error.message, words);
  assertEquals(error.exitCode, exitCode, error.message);
}

Deno.test("sphttp metalink --verify says which pieces are bad or missing, and changes nothing", async () => {
  using work = await place();
  const args = ["--verify", work.at("f.meta4")];
  await metalinkCommand(args, signal);
  await metalinkCommand([...args, work.at("f")], signal);
  const table: [bytes: Uint8Array, says: string[]][] = [
    [flipped(3 * PIECE + 5), ["1 of 10 pieces", "piece 3 (bytes 307200-409599) is bad"]],
    [flipped(0, PIECE, FILE.size - 1), ["pieces 0-1 (bytes 0-204799) are bad", "piece 9 (bytes"]],
    [BYTES.slice(0, 2 * PIECE + 1), [
      `it has ${2 * PIECE + 1} bytes instead of ${FILE.size}`,
      "piece 2 (bytes 204800-307199) is bad",
      `pieces 3-9 (bytes 307200-${FILE.size - 1}) are missing`,
    ]],
    [new Uint8Array([...BYTES, 1]), [`it has ${FILE.size + 1} bytes instead of ${FILE.size}`]],
    [new Uint8Array(), [`pieces 0-9 (bytes 0-${FILE.size - 1}) are missing`]],
  ];
  for (const [bytes, says] of table) {
    work.write("f", bytes);
    await fails(args, 32, work.at("f"), ...says, "use --heal to correct it");
    assertEquals(work.read("f"), bytes);
  }
});

Deno.test("sphttp metalink --verify compares the whole file where there are no pieces, and an empty file", async () => {
  using work = await place(["--piece-length=0"]);
  const args = ["--verify", work.at("f.meta4")];
  await metalinkCommand(args, signal);
  work.write("f", flipped(7));
  await fails(args, 32, "the sha-256 checksum does not match", FILE.sha256());
  const empty = work.write("empty", "");
  const metalink = work.at("empty.meta4");
  await metalinkCommand(["-o", metalink, empty, "http://a.example/f"], signal);
  await metalinkCommand(["--verify", metalink], signal);
});

Deno.test("sphttp metalink --verify takes the strongest hashes, a file without a size, and several files", async () => {
  using work = workplace();
  work.write("a", "ab");
  work.write("b", "ab");
  const metalink = (hash: string, pieces = "") =>
    ["a", "b"].map((name) =>
      `<file name="${name}"><hash type="md5">${"0".repeat(32)}</hash>${hash}${pieces}` +
      `<url>http://a.example/f</url></file>`
    ).join("");
  const write = (files: string) =>
    work.write("m", `<metalink xmlns="urn:ietf:params:xml:ns:metalink">${files}</metalink>`);
  const sha1 = `<hash type="sha-1">da23614e02469a0d7c7bd1bdab5c9c474b1904dc</hash>`;
  const args = ["--verify", work.at("m")];
  write(metalink(sha1));
  await metalinkCommand(args, signal);
  const pieces = `<pieces length="1" type="sha-1"><hash>86f7e437faa5a7fce15d1ddcb9eaeaea377667b8` +
    `</hash><hash>e9d71f5ee7c92d6dc9e92ffdad17b8bd49418f98</hash></pieces>`;
  write(metalink(sha1, pieces));
  await metalinkCommand(args, signal);
  work.write("b", "abc");
  await fails(args, 32, "more than its pieces");
  await metalinkCommand([...args, "--select-file", "a"], signal);
  await metalinkCommand([...args, "--select-file", "b", work.at("a")], signal);
  await fails([...args, work.at("a")], 2, "has 2 files; use --select-file");
  write(metalink("", pieces));
  work.write("b", "ac");
  await fails(
    args,
    32,
    "the Metalink contradicts itself",
    "b is not",
    "piece 1 (bytes 1-1) is bad",
  );
});

Deno.test("sphttp metalink --verify --heal fetches bad and missing pieces only", async () => {
  await withMirrors([{}], async (urls, [mirror]) => {
    using work = await place([], urls);
    const args = ["--heal", "--verify", work.at("f.meta4")];
    const table: [bytes: Uint8Array, most: number][] = [
      [flipped(3 * PIECE + 5), PIECE],
      [flipped(0, PIECE, 5 * PIECE), 3 * PIECE],
      [BYTES.slice(0, 7 * PIECE + 1), FILE.size - 7 * PIECE],
      [new Uint8Array([...BYTES, 1]), 0],
      [new Uint8Array(), FILE.size],
    ];
    for (const [bytes, most] of table) {
      work.write("f", bytes);
      const before = mirror!.bytesSent;
      await metalinkCommand(args, signal);
      assertEquals(work.read("f"), BYTES);
      assert(
        mirror!.bytesSent - before <= most + PIECE,
        `${mirror!.bytesSent - before} of ${most}`,
      );
    }
    // Without a size, the last piece tells where the file ends.
    work.write("f.meta4", work.readText("f.meta4").replace(/<size>.*<\/size>/, ""));
    for (const bytes of [BYTES.slice(0, 9 * PIECE), new Uint8Array([...BYTES, 1])]) {
      work.write("f", bytes);
      await metalinkCommand(args, signal);
      assertEquals(work.read("f"), BYTES);
    }
  });
});

Deno.test("sphttp metalink --verify --heal takes from other mirrors the pieces that one has wrong", async () => {
  const lie = flipped(3 * PIECE, 6 * PIECE);
  const liar = { content: bytesContent(lie) };
  await withMirrors(
    [liar, { content: bytesContent(BYTES.slice(1)) }, {}],
    async (urls, mirrors) => {
      using work = await place([], urls);
      const args = ["--heal", "--verify", work.at("f.meta4")];
      work.write("f", flipped(2 * PIECE, 3 * PIECE, 4 * PIECE));
      await metalinkCommand(args, signal);
      assertEquals(work.read("f"), BYTES);
      // All are asked at once: it may have sent everything, but nothing twice.
      assert(mirrors[2]!.bytesSent <= 4 * PIECE, `${mirrors[2]!.bytesSent}`);
      using lone = await place([], urls.slice(0, 2));
      lone.write("f", flipped(2 * PIECE, 3 * PIECE, 6 * PIECE));
      const found = "2 of its pieces";
      const path = ["--heal", "--verify", lone.at("f.meta4")];
      await fails(path, 32, found, "piece 3 (bytes 307200-409599) is bad", urls[0]!);
      assertEquals(lone.read("f"), flipped(3 * PIECE, 6 * PIECE));
    },
  );
  using work = await place(["--piece-length=0"]);
  work.write("f", flipped(1));
  await fails(
    ["--heal", "--verify", work.at("f.meta4")],
    32,
    "cannot be healed; download it again",
  );
  assertEquals(work.read("f"), flipped(1));
  await fails(["--heal", "f", "http://a.example/"], 2, "--heal needs a Metalink");
});

Deno.test("sphttp metalink --verify refuses what it cannot compare", async () => {
  using work = await place();
  const metalink = work.at("f.meta4");
  const text = work.readText("f.meta4");
  const write = (name: string, old: RegExp, text2 = "") =>
    work.write(name, text.replace(old, text2));
  const table: [args: string[], exitCode: number, says: string][] = [
    [[metalink, work.at("none")], 26, "no such file"],
    [[metalink, work.path], 26, "not a file"],
    [[work.at("none")], 2, "--verify: "],
    [[""], 2, "--verify"],
    [[metalink, "a", "b"], 2, "takes one file"],
    [[metalink, "-o", "x"], 2, "--output cannot be used with --verify"],
    [[metalink, "--select-file=x"], 2, 'no file "x"'],
    [[write("unproved", /<hash[^]*<\/pieces>/)], 2, "has no hash of f"],
    [[write("short", /<hash>.*<\/hash>\s*<\/pieces>/, "</pieces>")], 2, "hashes of 9 pieces"],
    [[work.write("text", "no XML")], 2, "not well-formed XML"],
  ];
  for (const [args, exitCode, says] of table) {
    await fails(["--verify", ...args], exitCode, says);
  }
  await fails(["--select-file=f", "f", "http://a.example/"], 2, "--select-file needs a Metalink");
  await assertRejects(
    () => metalinkCommand(["--verify", metalink], AbortSignal.abort(new Error("stopped"))),
    Error,
    "stopped",
  );
});
