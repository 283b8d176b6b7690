import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FILE } from "../../../support/download.ts";
import { failCommand, runCommand, shownBy } from "../../../support/cli/run_command.ts";
import { makeMinisignKey } from "../../../support/signatures/minisign_keys.ts";
import { workplace } from "../../../support/workplace.ts";

const BYTES = FILE.read(0, FILE.size).slice();

interface Asked {
  readonly path: string;
  readonly authorization: string | null;
  readonly cookie: string | null;
}

/** Serves files by their paths, the download at every path that ends with `.iso`. */
function serve(files: Readonly<Record<string, BodyInit | Response>>) {
  const asked: Asked[] = [];
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  const server = Deno.serve(options, ({ url, headers }) => {
    const path = new URL(url).pathname;
    const [authorization, cookie] = [headers.get("authorization"), headers.get("cookie")];
    asked.push({ path, authorization, cookie });
    const file = files[path];
    if (file instanceof Response) return file.clone();
    if (file !== undefined) return new Response(file);
    return path.endsWith(".iso") ? new Response(BYTES) : new Response("no", { status: 404 });
  });
  return Object.assign(server, { asked, url: `http://127.0.0.1:${server.addr.port}` });
}

const LINE = `${FILE.sha256()}  f.iso\n`;
const WRONG = `${"0".repeat(64)}  f.iso\n`;

Deno.test("--checksum-file may be a URL", async () => {
  await using server = serve({ "/SHA256SUMS": LINE, "/wrong": WRONG });
  using place = workplace();
  const { url } = server;
  const shown = await shownBy([
    "--checksum-file",
    `${url}/SHA256SUMS`,
    "-o",
    place.at("f.iso"),
    `${url}/f.iso`,
  ]);
  assertStringIncludes(shown, "sha-256 ok");
  // The line is found by the name in the URL as well.
  await runCommand(["--checksum-file", `${url}/SHA256SUMS`, "-o", place.at("g"), `${url}/f.iso`]);
  assertEquals(place.read("g"), BYTES);
  const failed = await failCommand([
    ...["--checksum-file", `${url}/wrong`],
    ...["-o", place.at("bad"), `${url}/f.iso`],
  ]);
  assertEquals(failed.exitCode, 32);
  assert(!place.names().includes("bad"));
});

Deno.test("a checksum file by URL that cannot be used is an error before the download", async () => {
  await using server = serve({
    "/page": "<!doctype html><title>Sign in</title>",
    "/other": `${"0".repeat(64)}  other\n`,
    "/broken": new Response("no", { status: 500 }),
    "/large": new Uint8Array(17 * 1024 * 1024),
  });
  using place = workplace();
  const rows: [path: string, exitCode: number, says: string][] = [
    ["/page", 56, "/page is a web page, not a checksum file"],
    ["/other", 56, 'has no line for "f"; it has "other"'],
    ["/nothing", 22, "/nothing: answered 404"],
    ["/broken", 22, "/broken: answered 500"],
    ["/large", 56, "bytes or more, but a checksum file may have at most 16777216"],
  ];
  for (const [path, exitCode, says] of rows) {
    const args = ["--retry=0", "--checksum-file", server.url + path];
    const error = await failCommand([...args, "-o", place.at("f"), `${server.url}/f.iso`]);
    assertEquals(error.exitCode, exitCode, error.message);
    assertStringIncludes(error.message, says);
  }
  assertEquals(place.names(), []);
  assert(!server.asked.some(({ path }) => path === "/f.iso"));
});

Deno.test("credentials go to a checksum file on the origin of a mirror only", async () => {
  await using own = serve({ "/SHA256SUMS": LINE });
  await using other = serve({ "/SHA256SUMS": LINE });
  using place = workplace();
  const netrc = place.write("netrc", "machine 127.0.0.1 login by password host\n");
  const secrets = ["-u", "me:secret", "-b", "session=1"];
  for (const { url } of [own, other]) {
    const file = ["--checksum-file", `${url}/SHA256SUMS`];
    await runCommand([...secrets, ...file, "-so", place.at("f"), `${own.url}/f.iso`]);
  }
  const basic = (text: string) => `Basic ${btoa(text)}`;
  assertEquals(own.asked[0], {
    ...{ path: "/SHA256SUMS", authorization: basic("me:secret"), cookie: "session=1" },
  });
  assertEquals(other.asked, [{ path: "/SHA256SUMS", authorization: null, cookie: null }]);
  // Credentials in the URL itself, and those of its host.
  const named = other.url.replace("//", "//in:url@");
  for (const url of [named, other.url]) {
    const file = ["--netrc-file", netrc, "--checksum-file", `${url}/SHA256SUMS`];
    await runCommand([...secrets, ...file, "-so", place.at("f"), `${own.url}/f.iso`]);
  }
  assertEquals(other.asked.slice(1).map(({ authorization }) => authorization), [
    basic("in:url"),
    basic("by:host"),
  ]);
});

Deno.test("credentials go to the signature of a checksum file on the origin of a mirror only", async () => {
  const key = await makeMinisignKey(1);
  const files = {
    "/SHA256SUMS": LINE,
    "/SHA256SUMS.minisig": await key.sign(new TextEncoder().encode(LINE)),
  };
  await using own = serve(files);
  await using other = serve(files);
  using place = workplace();
  const secrets = ["-u", "me:secret", "-b", "session=1", "-H", "X-Plain: 1"];
  for (const { url } of [own, other]) {
    await runCommand([
      ...[...secrets, "--checksum-file", `${url}/SHA256SUMS`, "--signature-key", key.publicKey],
      ...["-so", place.at("f"), `${own.url}/f.iso`],
    ]);
  }
  const authorization = `Basic ${btoa("me:secret")}`;
  const signatures = ({ asked }: typeof own) =>
    asked.filter(({ path }) => path === "/SHA256SUMS.minisig");
  assertEquals(signatures(own), [
    { path: "/SHA256SUMS.minisig", authorization, cookie: "session=1" },
  ]);
  assertEquals(signatures(other), [
    { path: "/SHA256SUMS.minisig", authorization: null, cookie: null },
  ]);
  // Those of a header, too.
  await runCommand([
    ...["-H", "Authorization: Bearer secret", "--checksum-file", `${other.url}/SHA256SUMS`],
    ...["--signature-key", key.publicKey, "-so", place.at("f"), `${own.url}/f.iso`],
  ]);
  assert(other.asked.every(({ authorization }) => authorization === null));
});

Deno.test("credentials for the server of a mirror list go to no checksum file on a mirror of it", async () => {
  await using mirror = serve({ "/SHA256SUMS": LINE });
  await using list = serve({ "/list": `${mirror.url}/f.iso\n`, "/SHA256SUMS": LINE });
  using place = workplace();
  for (const { url } of [mirror, list]) {
    await runCommand([
      ...["-u", "me:secret", "-b", "session=1", "--mirror-list", `${list.url}/list`],
      ...["--checksum-file", `${url}/SHA256SUMS`, "-so", place.at("f")],
    ]);
  }
  assert(mirror.asked.every(({ authorization, cookie }) => !authorization && !cookie));
  assert(list.asked.some(({ path }) => path === "/SHA256SUMS"));
  assert(list.asked.every(({ authorization }) => authorization !== null));
});

Deno.test("--checksum-from auto finds the checksum beside the file, and says where", async () => {
  await using server = serve({ "/a/SHA256SUMS": LINE, "/b/f.iso.sha256": WRONG });
  using place = workplace();
  const { url } = server;
  const auto = ["--checksum-from", "auto", "-u", "me:secret", "-o", place.at("f")];
  const shown = await shownBy([...auto, `${url}/a/f.iso?key=1`]);
  assertStringIncludes(shown, `the sha-256 checksum is that in ${url}/a/SHA256SUMS`);
  assertStringIncludes(shown, "sha-256 ok");
  assert(server.asked.every(({ authorization }) => authorization !== null));
  const wrong = await failCommand([...auto, `${url}/b/f.iso`]);
  assertEquals(wrong.exitCode, 32);
  const contrary = await failCommand([...auto, `${url}/a/f.iso`, `${url}/b/f.iso`]);
  assertEquals(contrary.exitCode, 56);
  const nothing = await failCommand([...auto, `${url}/c/f.iso`]);
  assertEquals(nothing.exitCode, 22);
  assertStringIncludes(nothing.message, `at ${url}/c/`);
  assertEquals(place.read("f"), BYTES);
});

Deno.test("--checksum-from auto: files of one folder share requests, one without is an error of its own", async () => {
  const sums = LINE + LINE.replace("f.iso", "g.iso");
  await using server = serve({ "/SHA256SUMS": sums });
  using place = workplace();
  const names = ["f", "h", "g"];
  const list = place.write("list", names.map((name) => `${server.url}/${name}.iso`).join("\n"));
  const args = ["-i", list, "--checksum-from", "auto", "--output-dir", place.path];
  const error = await failCommand(args);
  assertEquals(error.exitCode, 22);
  assertStringIncludes(error.message, 'has no line for "h.iso"');
  assertEquals(place.names().filter((name) => name.endsWith(".iso")).sort(), ["f.iso", "g.iso"]);
  assertEquals(server.asked.filter(({ path }) => path === "/SHA256SUMS").length, 1);
});

Deno.test("an existing file is verified by the checksum that is found", async () => {
  await using server = serve({ "/f.iso.sha256": FILE.sha256() });
  using place = workplace();
  place.write("f", BYTES);
  const args = ["-C", "-", "--checksum-from", "auto", "-o", place.at("f"), `${server.url}/f.iso`];
  assertStringIncludes(await shownBy(args), "its checksum matches");
});
