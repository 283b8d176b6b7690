import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FILE } from "../../../support/download.ts";
import { failCommand, runCommand, shownBy } from "../../../support/cli/run_command.ts";
import { makeMinisignKey } from "../../../support/signatures/minisign_keys.ts";
import { makeKey, sign, signText } from "../../../support/signatures/openpgp_keys.ts";
import { type Workplace, workplace } from "../../../support/workplace.ts";

const BYTES = FILE.read(0, FILE.size).slice();
const LINE = `${FILE.sha256()}  f.iso\n`;
const OTHER = BYTES.with(1000, BYTES[1000]! ^ 1);
const OTHER_LINE = `${"0".repeat(64)}  f.iso\n`;

/** Serves files by their paths. */
function serve(files: Readonly<Record<string, string | Uint8Array>>) {
  const asked: string[] = [];
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  const server = Deno.serve(options, ({ url }) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    const file = files[pathname] as BodyInit | undefined;
    return file === undefined ? new Response("no", { status: 404 }) : new Response(file);
  });
  return Object.assign(server, { asked, url: `http://127.0.0.1:${server.addr.port}` });
}

/** Asserts that a command fails with this exit code, and leaves nothing under the name. */
async function assertRefused(
  place: Workplace,
  args: readonly string[],
  code: number,
  says: string,
) {
  const error = await failCommand([...args, "-o", place.at("f")]);
  assertEquals(error.exitCode, code, error.message);
  assertStringIncludes(error.message, says);
  assert(!place.names().includes("f"));
}

Deno.test("--signature-key verifies the file by the signature beside it", async () => {
  const [key, mini] = [await makeKey(), await makeMinisignKey(1)];
  await using server = serve({
    "/a/f.iso": BYTES,
    "/a/f.iso.asc": await sign(BYTES, key),
    "/a/f.iso.minisig": await mini.sign(BYTES),
    "/b/f.iso": OTHER,
    "/b/f.iso.asc": await sign(BYTES, key),
    "/c/f.iso": BYTES,
    "/d/f.iso": BYTES,
    "/d/f.iso.sig": "<!doctype html>",
  });
  using place = workplace();
  const { url } = server;
  const file = place.write("key.asc", key.armored);
  const by = (one: string) => ["--signature-key", one];
  for (const one of [file, mini.publicKey]) {
    const shown = await shownBy([...by(one), "-o", place.at("f"), `${url}/a/f.iso?x=1`]);
    assertStringIncludes(shown, "the file is signed by key ");
    assertEquals(place.read("f"), BYTES);
    Deno.removeSync(place.at("f"));
  }
  await assertRefused(place, [...by(file), `${url}/b/f.iso`], 32, "is not of these bytes");
  assertEquals(place.read("f.part"), OTHER);
  await assertRefused(place, [...by(file), `${url}/c/f.iso`], 22, "add --checksum-from auto");
  await assertRefused(place, [...by(file), `${url}/d/f.iso`], 56, "f.iso.sig is a web page");
  const other = (await makeMinisignKey(2)).publicKey;
  await assertRefused(place, [...by(other), `${url}/a/f.iso`], 32, "made by key 0101010101010101");
  // A pipe gets the bytes, and the command the exit code.
  const piped = await failCommand([...by(file), "-o", "/dev/null", `${url}/b/f.iso`]);
  assertEquals(piped.exitCode, 32);
  // Nothing is downloaded before it is known that one of the keys has signed.
  server.asked.length = 0;
  await failCommand([...by(other), "-o", place.at("f"), `${url}/a/f.iso`]);
  assert(!server.asked.includes("/a/f.iso"));
});

Deno.test("a signature may be named; by its name it is that of the file, or of the checksum file", async () => {
  const key = await makeKey();
  using place = workplace();
  const file = place.write("key.asc", key.armored);
  const sums = place.write("SUMS", LINE);
  place.write("SUMS.asc", await sign(LINE, key));
  await using server = serve({
    "/f.iso": BYTES,
    "/SUMS": LINE,
    "/by-other": OTHER_LINE,
    "/SUMS.gpg": await sign(LINE, key),
    "/sig/f.iso.asc": await sign(BYTES, key),
  });
  const { url } = server;
  const run = (...args: string[]) =>
    shownBy([...args, "--signature-key", file, "-o", place.at("f"), `${url}/f.iso`]);
  const named = await run("--signature", `${url}/sig/f.iso.asc`);
  assertStringIncludes(named, "the file is signed by");
  const both = await run("--signature", `${url}/sig/f.iso.asc`, "--checksum-file", `${url}/SUMS`);
  assertStringIncludes(both, "the file is signed by");
  assertStringIncludes(both, "sha-256 ok");
  const list = await run("--signature", `${url}/SUMS.gpg`, "--checksum-file", `${url}/SUMS`);
  assertStringIncludes(list, `${url}/SUMS is signed by`);
  const local = await run("--checksum-file", sums);
  assertStringIncludes(local, `${sums} is signed by`);
  Deno.removeSync(place.at("f"));
  const args = ["--signature-key", file, "--signature", `${url}/SUMS.gpg`];
  const wrong = [...args, "--checksum-file", `${url}/by-other`, `${url}/f.iso`];
  await assertRefused(place, wrong, 32, "SUMS.gpg is not of these bytes");
  const none = ["--signature-key", file, "--checksum-file", `${url}/by-other`, `${url}/f.iso`];
  await assertRefused(place, none, 56, "/by-other has no signature");
});

Deno.test("--checksum-from auto with --signature-key uses signed checksums only", async () => {
  const key = await makeKey();
  using place = workplace();
  const file = place.write("key.asc", key.armored);
  await using server = serve({
    "/a/f.iso": BYTES,
    "/a/f.iso.sha256": "f".repeat(64),
    "/a/SHA256SUMS": LINE,
    "/a/SHA256SUMS.gpg": await sign(LINE, key),
    "/b/f.iso": BYTES,
    "/b/CHECKSUM": `${OTHER_LINE}${await signText(LINE, key)}${OTHER_LINE}`,
    "/c/f.iso": BYTES,
    "/c/SHA256SUMS": LINE,
    "/d/f.iso": BYTES,
    "/d/SHA256SUMS": OTHER_LINE,
    "/d/SHA256SUMS.sign": await sign(LINE, key),
  });
  const args = ["--checksum-from", "auto", "--signature-key", file];
  const { url } = server;
  for (const [folder, name] of [["a", "SHA256SUMS"], ["b", "CHECKSUM"]]) {
    const shown = await shownBy([...args, "-o", place.at("f"), `${url}/${folder}/f.iso`]);
    assertStringIncludes(shown, `${url}/${folder}/${name} is signed by key`);
    assertStringIncludes(shown, "sha-256 ok");
  }
  Deno.removeSync(place.at("f"));
  await assertRefused(place, [...args, `${url}/c/f.iso`], 22, "SHA256SUMS has no signature");
  await assertRefused(place, [...args, `${url}/d/f.iso`], 32, "SHA256SUMS.sign is not of these");
});

Deno.test("a part file is continued, and a complete file verified, by a signature", async () => {
  const key = await makeKey();
  using place = workplace();
  const file = place.write("key.asc", key.armored);
  await using server = serve({ "/f.iso": BYTES, "/f.iso.asc": await sign(BYTES, key) });
  const args = ["-C-", "--signature-key", file, "-o", place.at("f"), `${server.url}/f.iso`];
  place.write("f.part", OTHER.subarray(0, 200_000));
  const error = await failCommand(args);
  assertEquals(error.exitCode, 32, error.message);
  for (const name of ["f.part", "f.part.json"]) Deno.removeSync(place.at(name));
  place.write("f.part", BYTES.subarray(0, 200_000));
  await runCommand(args);
  assertEquals(place.read("f"), BYTES);
  assertStringIncludes(await shownBy(args), "already exists, and is signed by key");
  place.write("f", OTHER);
  assertStringIncludes((await failCommand(args)).message, "is unchanged");
});

Deno.test("the signature in a Metalink is that of its file", async () => {
  const [key, other] = [await makeKey(), await makeKey()];
  using place = workplace();
  await using server = serve({ "/f.iso": BYTES });
  const metalink = async (content: Uint8Array) =>
    place.write(
      "f.meta4",
      `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="f.iso">
        <signature mediatype="application/pgp-signature">
${await sign(content, key)}
        </signature>
        <url>${server.url}/f.iso</url></file></metalink>`,
    );
  const by = async ({ armored }: { readonly armored: string }, content = BYTES) => {
    const file = place.write("key.asc", armored);
    return ["--signature-key", file, "-M", await metalink(content)];
  };
  const shown = await shownBy([...await by(key), "-o", place.at("f")]);
  assertStringIncludes(shown, "the file is signed by key");
  Deno.removeSync(place.at("f"));
  await assertRefused(place, await by(key, OTHER), 32, "is not of these bytes");
  await assertRefused(place, await by(other), 32, "was made by key");
  assert(!server.asked.some((path) => path.endsWith(".asc")));
});
