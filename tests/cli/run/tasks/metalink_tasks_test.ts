import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CommandError } from "../../../../lib/command_line/command_error.ts";
import { FILE, withMirrors, withMirrorsAtOnce } from "../../../support/download.ts";
import { failCommand, runCommand } from "../../../support/cli/run_command.ts";
import { randomContent } from "../../../support/lab/content.ts";
import { startMirror } from "../../../support/lab/mirror_lab.ts";
import { type Workplace, workplace } from "../../../support/workplace.ts";

const OTHER = randomContent(FILE.size, 8);

/** Returns a Metalink of one file. */
function metalink(
  urls: readonly string[],
  { name = "film.mkv", sha256 = FILE.sha256(), size = FILE.size } = {},
) {
  return `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="${name}"><size>${size}</size>
    <hash type="sha-256">${sha256}</hash>${
    urls.map((url) => `<url>${url}</url>`).join("")
  }</file></metalink>`;
}

function assertFile(place: Workplace, name: string): void {
  assertEquals(place.read(name), FILE.read(0, FILE.size).slice());
}

/** Serves a text at a path; with the requests that it gets. */
function serve(text: string, type = "application/metalink4+xml") {
  const requests: Headers[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ headers }) => {
    requests.push(headers);
    return new Response(text, { headers: { "content-type": type } });
  });
  return Object.assign(server, {
    requests,
    url: `http://127.0.0.1:${server.addr.port}/list.meta4?a=b`,
  });
}

Deno.test("a Metalink is downloaded from a path or a URL, as an argument or by --metalink", async () => {
  await withMirrors([{}, {}], async (urls) => {
    using place = workplace();
    const text = metalink(urls, { name: "pub/film.mkv" });
    const path = place.write("list.meta4", text);
    await using server = serve(text);
    for (
      const [index, args] of [[path], ["-M", path], [server.url], ["--metalink", server.url]]
        .entries()
    ) {
      await runCommand([...args, "--output-dir", place.at(`${index}`), "--create-dirs", "-s"]);
      assertFile(place, `${index}/pub/film.mkv`);
      assertEquals(place.names(`${index}/pub`), ["film.mkv"]);
    }
    await runCommand([path, "-o", place.at("chosen"), "-s"]);
    assertFile(place, "chosen");
  });
});

Deno.test("relative URLs of a Metalink are relative to where redirects have led", async () => {
  await withMirrors([{}], async ([url]) => {
    using place = workplace();
    const moves: Record<string, string> = { "/list.meta4": "/pub/1/list.meta4", "/pub/film": url! };
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => {
        const { pathname } = new URL(request.url);
        const location = moves[pathname];
        if (location !== undefined) {
          return new Response(null, { status: 302, headers: { location } });
        }
        if (pathname !== "/pub/1/list.meta4") {
          return new Response(null, { status: 404 });
        }
        return new Response(metalink(["../film"]));
      },
    );
    const list = `http://127.0.0.1:${server.addr.port}/list.meta4`;
    await runCommand([list, "--output-dir", place.path, "-s"]);
    assertFile(place, "film.mkv");
  });
});

Deno.test("what has to prove the file need not prove the Metalink, nor a checksum file", async () => {
  await withMirrors([{}, {}], async (urls) => {
    using place = workplace();
    await using server = serve(metalink(urls));
    const proof = ["--require-proof", "digest", "--output-dir", place.path, "-s"];
    await runCommand([...proof, server.url]);
    assertFile(place, "film.mkv");
    await using sums = serve(FILE.sha256(), "text/plain");
    await runCommand([...proof, "--checksum-file", sums.url, "-o", "other", ...urls]);
    assertFile(place, "other");
  });
});

Deno.test("an existing file is not replaced because a Metalink names it", async () => {
  await withMirrors([{}], async (urls) => {
    using place = workplace();
    place.write("film.mkv", "mine");
    const path = place.write("list.metalink", metalink(urls));
    const run = runCommand([path, "--output-dir", place.path, "-s"]);
    const error = await assertRejects(() => run, CommandError);
    assertEquals(error.exitCode, 23);
    assertStringIncludes(error.message, "already exists");
    assertEquals(place.readText("film.mkv"), "mine");
  });
});

Deno.test("size and hash of a Metalink are compared with what the mirrors have", async () => {
  await withMirrors(
    [{ content: OTHER }, { content: randomContent(5000) }, {}],
    async ([same, short, good]) => {
      using place = workplace();
      // A mirror with another size is dropped; one with other bytes is found at the end.
      const path = place.write("a.meta4", metalink([short!, good!]));
      await runCommand(["-M", path, "--output-dir", place.path, "-s"]);
      assertFile(place, "film.mkv");
      const wrong = place.write("b.meta4", metalink([same!], { name: "other.mkv" }));
      const error = await assertRejects(
        () => runCommand(["-M", wrong, "--output-dir", place.path, "-s"]),
        CommandError,
      );
      assertEquals(error.exitCode, 32);
      assertEquals(place.names().includes("other.mkv"), false);
    },
  );
});

Deno.test("credentials for the server of a Metalink are not sent to the mirrors that it names", async () => {
  await withMirrors([{}], async (urls, [mirror]) => {
    using place = workplace();
    await using server = serve(metalink(urls));
    const secrets = ["-u", "me:secret", "-H", "X-Plain: 1", "-b", "session=1"];
    await runCommand(["-M", server.url, ...secrets, "-o", place.at("f"), "-s"]);
    assertFile(place, "f");
    const [asked] = server.requests;
    assertEquals(asked?.get("authorization"), `Basic ${btoa("me:secret")}`);
    assertEquals(asked?.get("cookie"), "session=1");
    for (const { headers } of mirror!.requests) {
      assertEquals([headers["authorization"], headers["cookie"], headers["x-plain"]], [
        undefined,
        undefined,
        "1",
      ]);
    }
  });
});

Deno.test("several files: all, or those that are selected", async () => {
  await withMirrors([{}], async (urls) => {
    using place = workplace();
    const one = metalink(urls, { name: "one" });
    const text = one.replace(
      "</metalink>",
      metalink(urls, { name: "two" }).replace(/^<[^>]*>/, ""),
    );
    const path = place.write("list.meta4", text);
    await runCommand([
      path,
      "--select-file",
      "two",
      "--output-dir",
      place.at("some"),
      "--create-dirs",
      "-s",
    ]);
    assertEquals(place.names("some"), ["two"]);
    await runCommand([path, "--output-dir", place.at("all"), "--create-dirs", "-s"]);
    assertEquals(place.names("all"), ["one", "two"]);
    for (const flags of [["-o", "x"], ["-r", "0-5"], ["--checksum", `md5=${"0".repeat(32)}`]]) {
      const error = await assertRejects(() => runCommand([path, ...flags, "-s"]), CommandError);
      assertEquals(
        [error.exitCode, error.message.includes("several files")],
        [2, true],
        error.message,
      );
    }
  });
});

Deno.test("a Metalink that cannot be read, or is not one, is an error with its exit code", async () => {
  using place = workplace();
  await using page = serve("<!doctype html><title>Sign in</title>", "text/html");
  await using large = serve(" ".repeat(17 * 1024 * 1024));
  await using gone = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(null, { status: 404 }),
  );
  const path = place.write("list.meta4", "nonsense");
  const huge = place.at("huge.meta4");
  Deno.createSync(huge).close();
  Deno.truncateSync(huge, 100_000_000);
  const table: [args: string[], exitCode: number, says: string][] = [
    [[path], 2, "list.meta4: not well-formed XML"],
    [[huge], 2, "100000000 bytes or more, but a Metalink may have at most"],
    [["-M", place.at("none.meta4")], 2, "none.meta4: no such file"],
    [["-M", page.url], 56, "not well-formed XML"],
    [["-M", large.url], 56, "bytes or more, but a Metalink may have at most"],
    [["-M", `http://127.0.0.1:${gone.addr.port}/f.meta4`, "--retry", "0"], 22, "404"],
    [["-M", path, "http://127.0.0.1:1/f"], 2, "cannot be used with URLs"],
    [["-M", path, "-J"], 2, "--remote-header-name cannot be used with a Metalink"],
    [["--select-file", "a", "http://127.0.0.1:1/f"], 2, "--select-file needs a Metalink"],
    [[path, "http://127.0.0.1:1/f"], 3, "list.meta4"],
  ];
  for (const [args, exitCode, says] of table) {
    const error = await assertRejects(() => runCommand([...args, "-s"]), CommandError);
    assertEquals(error.exitCode, exitCode, `${args}: ${error.message}`);
    assertStringIncludes(error.message, says);
  }
});

Deno.test("a URL that turns out to be a Metalink by its type is followed, unless the file is meant", async () => {
  await withMirrors([{}], async (urls) => {
    using place = workplace();
    for (const type of ["application/metalink4+xml", "Application/Metalink+XML; charset=utf-8"]) {
      await using server = serve(metalink(urls), type);
      const url = server.url.replace("list.meta4", "download");
      const { shown, written } = await runCommand([
        url,
        "--output-dir",
        place.path,
        "-w",
        "%{url_effective}\\n",
      ]);
      assertStringIncludes(shown, "download is a Metalink");
      assertEquals(written, `${urls[0]}\n`);
      assertFile(place, "film.mkv");
      assertEquals(place.names(), ["film.mkv"]);
      Deno.removeSync(place.at("film.mkv"));
      await runCommand([url, "-o", place.at("kept"), "-s"]);
      assertEquals(place.readText("kept"), metalink(urls));
      Deno.removeSync(place.at("kept"));
    }
    await using plain = serve(metalink(urls), "application/xml");
    await runCommand([
      plain.url.replace("list.meta4", "download"),
      "--output-dir",
      place.path,
      "-s",
    ]);
    assertEquals(place.names(), ["download"]);
  });
});

Deno.test("--max-mirrors counts for a Metalink that is followed, too", async () => {
  await withMirrorsAtOnce([{}, {}], async (urls, mirrors) => {
    using place = workplace();
    await using third = await startMirror({ content: FILE });
    await using server = serve(metalink([...urls, third.url]));
    const url = server.url.replace("list.meta4", "download");
    await runCommand([url, "--max-mirrors", "2", "--output-dir", place.path, "-s"]);
    assertFile(place, "film.mkv");
    assertEquals([...mirrors, third].map(({ requests }) => requests.length > 0), [
      true,
      true,
      false,
    ]);
  });
});

Deno.test("a file of a Metalink that has the name of the part of another one is refused", async () => {
  using place = workplace();
  const url = "<url>http://127.0.0.1:9/f</url>";
  const names = ["a.bin", "a.bin.part"];
  const files = names.map((name) => `<file name="${name}">${url}</file>`).join("");
  const list = place.write(
    "list.meta4",
    `<metalink xmlns="urn:ietf:params:xml:ns:metalink">${files}</metalink>`,
  );
  const error = await failCommand([list, "--output-dir", place.path]);
  assertEquals(error.exitCode, 2);
  assertStringIncludes(
    error.message,
    `both be ${place.at("a.bin.part")}; --select-file NAME downloads one file of the Metalink`,
  );
});

Deno.test("a Metalink whose URLs lead to a Metalink is an error; one that lists Metalinks is none", async () => {
  using place = workplace();
  await using server = serve(`<metalink xmlns="urn:ietf:params:xml:ns:metalink"/>`);
  const listing = (name: string) =>
    place.write(
      "list.meta4",
      `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="${name}"><url>${server.url}</url></file></metalink>`,
    );
  const args = ["-s", "--output-dir", place.path];
  const error = await assertRejects(
    () => runCommand([listing("film.mkv"), ...args]),
    CommandError,
    "the URLs of film.mkv in the Metalink lead to a Metalink, not to the file",
  );
  assertEquals(error.exitCode, 56);
  assertEquals(place.names(), ["list.meta4"]);
  await runCommand([listing("other.meta4"), ...args]);
  assertEquals(place.names(), ["list.meta4", "other.meta4"]);
});
