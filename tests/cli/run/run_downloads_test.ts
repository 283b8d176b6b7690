import { assertEquals, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { randomContent } from "../../support/lab/content.ts";
import { startMirror } from "../../support/lab/mirror_lab.ts";
import { inTime, withMirrorsAtOnce } from "../../support/download.ts";
import { failCommand, runCommand } from "../../support/cli/run_command.ts";
import { workplace } from "../../support/workplace.ts";

const ONE = randomContent(300_000, 1);
const TWO = randomContent(200_000, 2);

async function mirrors() {
  const all = await Promise.all([
    startMirror({ content: ONE, path: "/one.bin" }),
    startMirror({ content: ONE, path: "/one.bin" }),
    startMirror({ content: TWO, path: "/two.bin" }),
  ]);
  return {
    urls: all.map(({ url }) => url),
    all,
    [Symbol.asyncDispose]: async () => {
      for (const mirror of all) await mirror[Symbol.asyncDispose]();
    },
  };
}

Deno.test("an input file names files, their mirrors and their options", async () => {
  using place = workplace();
  await using lab = await mirrors();
  const [a, b, c] = lab.urls;
  const list = place.write(
    "list",
    `# files\n${a}\t${b}\n  checksum=sha-256=${ONE.sha256()}\n${c}\n  out=other.bin\n`,
  );
  const { shown } = await runCommand(["-i", list, "--output-dir", place.path]);
  assertEquals(place.names(), ["list", "one.bin", "other.bin"]);
  assertEquals(place.read("one.bin"), ONE.read(0, ONE.size));
  assertEquals(place.read("other.bin"), TWO.read(0, TWO.size));
  assertStringIncludes(shown, "one.bin: 300.0 kB in ");
  assertStringIncludes(shown, "sha-256 ok");
  assertStringIncludes(shown, "sphttp: all 2 files are complete");
});

Deno.test("a file that fails does not stop the rest, and gives the exit code", async () => {
  using place = workplace();
  await using lab = await mirrors();
  const [a, , c] = lab.urls;
  const list = place.write("list", `${c!.replace("two", "gone")}\n${a}\n${c}\n`);
  for (const atOnce of ["1", "3"]) {
    const directory = ["--create-dirs", "--output-dir", place.at(atOnce)];
    const error = await failCommand(["-i", list, "-j", atOnce, ...directory]);
    assertEquals(error.exitCode, ExitCode.STATUS);
    assertEquals(place.names(atOnce), ["one.bin", "two.bin"]);
  }
});

Deno.test("-j says how many files are fetched at once", async () => {
  using place = workplace();
  await using lab = await mirrors();
  const list = place.write(
    "list",
    lab.urls.map((url, index) => `${url}\n out=${index}\n`).join(""),
  );
  const orderOf = async (atOnce: string) => {
    const args = ["-v", "-i", list, "-j", atOnce, "--output-dir", place.path];
    const { shown } = await runCommand(args);
    const events = shown.matchAll(/(\d): (file size|\S+ kB in)/g);
    return [...events].map(([, file, what]) => `${what === "file size" ? "+" : "-"}${file}`);
  };
  assertEquals(await orderOf("1"), ["+0", "-0", "+1", "-1", "+2", "-2"]);
  assertEquals((await orderOf("3")).length, 6);
});

Deno.test("an interruption leaves the rest of a list alone", async () => {
  using place = workplace();
  await using lab = await mirrors();
  const [a, , c] = lab.urls;
  const list = place.write("list", `${a}\n${c}\n`);
  const args = ["-v", "-i", list, "-j1", "--output-dir", place.path];
  const error = await failCommand(args, (shown, abort) => {
    if (shown.includes("file size")) abort();
  });
  assertEquals(error.exitCode, ExitCode.INTERRUPTED);
  assertEquals(lab.all[2]!.requests.length, 0);
});

Deno.test("what cannot be meant by several files is found before the first request", async () => {
  using place = workplace();
  await using lab = await mirrors();
  const [a, b] = lab.urls;
  const refused: [list: string, args: string[], says: string][] = [
    [`${a}\n${b}\n`, [], "file 1 and file 2 would both be one.bin; out=NAME"],
    [`${a}\n out=x\n${b}\n out=X\n`, [], "file 1 and file 2 would both be X"],
    [`${a}\n out=x\n${b}\n out=x.part\n`, [], "the part of file 1 and file 2 would both be x.part"],
    [
      `${a}\n out=x.part.json\n${b}\n out=x\n`,
      [],
      "file 1 and the record of file 2 would both be x.part.json",
    ],
    [
      `${a}\n dir=/d/\n out=x\n${b}\n dir=/e/../d\n out=x\n`,
      [],
      "file 1 and file 2 would both be /e/../d/x; out=NAME",
    ],
    [
      `${a}\n out=x\n${b}\n out=y\n`,
      ["--server-stat-of", "./y"],
      "--server-stat-of and file 2 would both be y",
    ],
    ["\n# nothing\n", [], "has no URLs"],
    [
      `${a}\n`,
      ["-o", "x"],
      "--output cannot be used with --input-file, which may list several files; use out=",
    ],
    [`${a}\n`, ["-r", "0-1"], "--range cannot be used with --input-file"],
    [`${a}\n`, [a!], "--input-file cannot be used with URLs"],
    [`${a}\n checksum=md5=12\n`, [], "32 hexadecimal digits are needed"],
    [`nonsense\n`, [], "list:1"],
  ];
  for (const [text, args, says] of refused) {
    const list = place.write("list", text);
    const error = await failCommand(["-i", list, ...args]);
    assertStringIncludes(error.message, says);
    assertEquals([ExitCode.USAGE, ExitCode.URL].includes(error.exitCode as 2), true);
  }
  const gone = await failCommand(["-i", place.at("none")]);
  assertStringIncludes(gone.message, "--input-file: ");
  assertEquals(lab.all.every(({ requests }) => requests.length === 0), true);
});

Deno.test("what is written besides the file is held against its name, its part and its record", async () => {
  using place = workplace();
  await using lab = await mirrors();
  const [url] = lab.urls;
  const refused: [args: string[], says: string][] = [
    [["--trace", "x"], "--trace and the file would both be x; choose another name"],
    [["--trace", "x.part"], "--trace and the part of the file would both be x.part"],
    [["--trace", "./d/../x.part.json"], "--trace and the record of the file would both be x.part"],
    [["--server-stat-of", "x"], "--server-stat-of and the file would both be x"],
    [["--server-stat-of", "t", "--trace", "t"], "--trace and --server-stat-of would both be t"],
  ];
  for (const [args, says] of refused) {
    const inPlace = args.map((arg) => arg.startsWith("--") ? arg : place.at(arg));
    const error = await failCommand([...inPlace, "--output-dir", place.path, "-o", "x", url!]);
    assertStringIncludes(error.message.replaceAll(`${place.path}/`, ""), says);
    assertEquals(error.exitCode, ExitCode.USAGE);
  }
  assertEquals(lab.all.every(({ requests }) => requests.length === 0), true);
});

Deno.test("headers of a file in a list replace those of the command; cookies are joined", async () => {
  using place = workplace();
  await using lab = await mirrors();
  const [url] = lab.urls;
  const options = "\n user-agent=LIST\n header=Cookie: b=2\n header=X-A: 2\n header=X-A: 3\n";
  const list = place.write("list", url + options);
  const flags = ["-A", "COMMAND", "-b", "a=1", "-H", "X-A: 1", "-H", "X-B: 1"];
  await runCommand(["-i", list, "--output-dir", place.path, ...flags]);
  for (const { headers } of lab.all[0]!.requests) {
    assertEquals(
      ["user-agent", "cookie", "x-a", "x-b"].map((name) => headers[name]),
      ["LIST", "a=1; b=2", "2, 3", "1"],
    );
  }
});

Deno.test("proxies and certificates that make no sense are found at once, and show no password", async () => {
  using place = workplace();
  const noCertificate = place.write(
    "ca.pem",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  );
  const refused: [args: string[], says: string][] = [
    [["-x", "user:s3cret@proxy.example:99999"], "--proxy is not a URL, but must be like http://"],
    [["-x", "ftp://user:s3cret@a.example"], "--proxy has an unsupported scheme, but must be like"],
    [["-x", "http://user:s3cret@a.example/path"], "--proxy has a path or query, but"],
    [["--cacert", noCertificate], "invalid certificates"],
  ];
  for (const [args, says] of refused) {
    const error = await failCommand([...args, "-o", place.at("x"), "http://127.0.0.1:9/f"]);
    assertStringIncludes(error.message, says);
    assertEquals([error.exitCode, error.message.includes("s3cret")], [ExitCode.USAGE, false]);
  }
});

Deno.test("--checksum-file finds the file's line, and a wrong one keeps the name away", async () => {
  using place = workplace();
  await using lab = await mirrors();
  const [a, b, c] = lab.urls;
  const sums = place.write("SHA256SUMS", `${ONE.sha256()}  one.bin\n${ONE.sha256()} *two.bin\n`);
  const output = (name: string) => ["-o", place.at(name)];
  const { shown } = await runCommand(["--checksum-file", sums, ...output("one.bin"), a!, b!]);
  assertStringIncludes(shown, "sha-256 ok");
  const wrong = await failCommand(["--checksum-file", sums, ...output("two.bin"), c!]);
  assertEquals(wrong.exitCode, ExitCode.CHECKSUM);
  assertEquals(place.names().includes("two.bin"), false);
  const others = place.write("OTHERS", `${ONE.sha256()}  one.bin\n`);
  const none = await failCommand(["--checksum-file", others, ...output("three.bin"), c!]);
  assertEquals(none.exitCode, ExitCode.USAGE);
  assertStringIncludes(none.message, "three.bin");
});

Deno.test("-r fetches a part of the file, its last bytes too", async () => {
  using place = workplace();
  await using lab = await mirrors();
  const [a, b] = lab.urls;
  const parts: [range: string, start: number, end: number][] = [
    ["0-0", 0, 1],
    ["1000-199999", 1000, 200_000],
    ["299999-", 299_999, 300_000],
    ["-500", 299_500, 300_000],
    ["-999999", 0, 300_000],
    ["200000-999999", 200_000, 300_000],
  ];
  for (const [range, start, end] of parts) {
    const file = place.at(range);
    await runCommand(["-r", range, "-o", file, a!, b!]);
    assertEquals(Deno.readFileSync(file), ONE.read(start, end).slice(), range);
  }
  const error = await failCommand(["-r", "300000-", "-o", place.at("x"), a!, b!]);
  assertEquals(error.exitCode, ExitCode.RANGE);
});

Deno.test("-R gives the file the mirrors' time", async () => {
  using place = workplace();
  const lastModified = new Date("2020-02-03T04:05:06Z");
  await using mirror = await startMirror({ content: ONE, lastModified });
  await runCommand(["-R", "-o", place.at("f"), mirror.url]);
  assertEquals(Deno.statSync(place.at("f")).mtime, lastModified);
});

Deno.test("--remove-on-error leaves nothing behind", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: ONE });
  const args = ["-o", place.at("f"), "--checksum", `md5=${"0".repeat(32)}`, mirror.url];
  await failCommand(["--remove-on-error", ...args]);
  assertEquals(place.names(), []);
  await failCommand(args);
  assertEquals(place.names(), ["f.part", "f.part.json"]);
});

Deno.test("-w writes a line of the user's own, also where a file fails", async () => {
  using place = workplace();
  await using lab = await mirrors();
  const [a, b] = lab.urls;
  const format = "%{http_code} %{size_download} %{mirrors} %{exitcode} %{filename_effective}\\n";
  const file = place.at("f");
  const { written } = await runCommand(["-w", format, "-o", file, a!, b!]);
  assertEquals(written, `206 300000 2 0 ${file}\n`);
});

Deno.test("-u is for the given mirrors; a URL's own name and password go before it", async () => {
  using place = workplace();
  const basic = (text: string) => `Basic ${btoa(text)}`;
  const lab = ["me:p%4:s", "you:x"].map((login) => ({
    content: ONE,
    requireAuthorization: basic(login),
  }));
  await withMirrorsAtOnce(lab, async ([one, two], mirrors) => {
    const own = two!.replace("://", "://you:x@");
    await runCommand(["-u", "me:p%4:s", "-o", place.at("f"), one!, own]);
    assertEquals(mirrors.map(({ requests }) => requests.length > 0), [true, true]);
    assertEquals(place.read("f"), ONE.read(0, ONE.size));
    const netrc = place.write("netrc", "machine 127.0.0.1 login me password p%4:s\n");
    const command = ["--netrc-file", netrc, "-o", place.at("g"), one!];
    await runCommand(command);
    assertEquals(place.read("g"), ONE.read(0, ONE.size));
  });
});

Deno.test("-m ends everything, and the part file stays", () =>
  // On a busy machine, nothing may have come by then.
  inTime(async () => {
    using place = workplace();
    await using mirror = await startMirror({ content: ONE, bytesPerSecond: 50_000 });
    const error = await failCommand(["-m", "1", "-o", place.at("f"), mirror.url]);
    assertEquals(error.exitCode, ExitCode.TIMEOUT);
    assertStringIncludes(error.message, "timed out after 1 s (--max-time) at ");
    assertStringIncludes(
      error.message,
      "f.part is kept: run the same command with -C - to continue",
    );
  }));

Deno.test("the headers of flags are sent", async () => {
  using place = workplace();
  await using mirror = await startMirror({ content: ONE });
  await runCommand([
    ...["-A", "me/1", "-e", "http://from.example/", "-b", "a=1; b=2", "-H", "X-Y: z"],
    ...["-o", place.at("f"), mirror.url],
  ]);
  const { headers } = mirror.requests[0]!;
  assertEquals(
    ["user-agent", "referer", "cookie", "x-y"].map((name) => headers[name]),
    ["me/1", "http://from.example/", "a=1; b=2", "z"],
  );
});
