import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { formatMetalink } from "../../../../metalink.ts";
import { FILE, withMirrors } from "../../../support/download.ts";
import { failCommand, runCommand, tryCommand } from "../../../support/cli/run_command.ts";
import { workplace } from "../../../support/workplace.ts";

/** The bases of mirrors of `/file.bin`. */
const bases = (urls: readonly string[]) => urls.map((url) => url.replace("file.bin", ""));

Deno.test("--mirror-list: the mirrors of a list that answer first are used", async () => {
  using place = workplace();
  await withMirrors([{}, {}, {}], async (urls) => {
    const list = place.write("list", `# all\n${bases(urls).join("\n")}\nrsync://a.example/\n`);
    const args = ["--mirror-list", list, "--path", "/file.bin", "--max-mirrors", "2"];
    const { shown } = await runCommand([...args, "-v", "--output-dir", place.path]);
    assertEquals(place.read("file.bin"), FILE.read(0, FILE.size));
    assertStringIncludes(shown, "left out: 1 of another scheme");
    assertMatch(shown, /file\.bin answered in \d+ ms/);
    // On a busy machine, the last one may take too long.
    assertMatch(shown, /[23] of 3 mirrors of .*list answered; the fastest are used/);
    // Of the two, one may bring everything.
    assertMatch(shown, /from (1 of )?2 mirrors/);
  });
});

Deno.test("--mirror-list: a list may be on a server; cookies and logins are for that only", async () => {
  using place = workplace();
  await withMirrors([{}, {}], async (urls, mirrors) => {
    let authorization: string | null = null;
    const listen = { port: 0, hostname: "127.0.0.1", onListen() {} };
    await using server = Deno.serve(listen, ({ headers }) => {
      authorization = headers.get("authorization");
      return new Response(bases(urls).join("\n"));
    });
    const list = `http://127.0.0.1:${server.addr.port}/mirrors.txt`;
    const args = ["--mirror-list", list, "--path", "file.bin", "-u", "me:secret"];
    await runCommand([...args, "--max-mirrors", "1", "--output-dir", place.path]);
    assertEquals(place.read("file.bin"), FILE.read(0, FILE.size));
    assert(authorization !== null);
    for (const { requests } of mirrors) {
      assertEquals(requests.some(({ headers }) => "authorization" in headers), false);
    }
  });
});

Deno.test("--spare-mirrors: the mirrors of a Metalink that are not used step in, too", async () => {
  using place = workplace();
  const gone = { faults: [{ kind: "status" as const, status: 404 }] };
  // It cannot have sent all of the file when the other one fails.
  const slow = { bytesPerSecond: 1e6, silentAfter: 500_000 };
  await withMirrors([slow, gone, {}], async (urls, [first]) => {
    const facts = { name: "file.bin", size: FILE.size, hashes: { "sha-256": FILE.sha256() } };
    const listed = urls.map((url, index) => ({ url, priority: index + 1 }));
    const list = place.write("list.meta4", formatMetalink([{ ...facts, urls: listed }]));
    const args = [list, "--max-mirrors", "2", "--output-dir", place.path];
    assertStringIncludes((await runCommand(args)).shown, `${urls[2]} steps in`);
    assertEquals(place.read("file.bin"), FILE.read(0, FILE.size));
    first!.setRate(undefined);
    const without = await runCommand([...args, "--spare-mirrors", "0", "-o", "other.bin"]);
    assertEquals(without.shown.includes("steps in"), false);
  });
});

Deno.test("--max-mirrors 1: spares step in for the only mirror, one after the other", async () => {
  using place = workplace();
  const gone = { faults: [{ kind: "status" as const, status: 404 }] };
  // The second one fails once the first one was dropped: it is the last one then.
  await withMirrors([gone, { ...gone, bytesPerSecond: 0 }, {}], async (urls, mirrors) => {
    const listed = urls.map((url, index) => ({ url, priority: index + 1 }));
    const facts = { name: "file.bin", size: FILE.size, hashes: { "sha-256": FILE.sha256() } };
    const list = place.write("list.meta4", formatMetalink([{ ...facts, urls: listed }]));
    const args = [list, "--max-mirrors", "1", "--output-dir", place.path];
    const { shown } = await runCommand([...args, "-v"], (shown) => {
      if (shown.includes(`mirror dropped: ${urls[0]}`)) mirrors[1]!.setRate(undefined);
    });
    for (const index of [1, 2]) {
      const last = `${urls[index - 1]} has failed, and is the last one: ${urls[index]} steps in`;
      assertStringIncludes(shown, last);
    }
    assertEquals(place.read("file.bin"), FILE.read(0, FILE.size));
    const without = await failCommand([...args, "--spare-mirrors", "0", "-o", "other.bin"]);
    assertEquals(without.exitCode, 22);
  });
});

Deno.test("--mirror-list: what cannot be used is an error that says so", async () => {
  using place = workplace();
  await withMirrors([{ faults: [{ kind: "status", status: 404 }] }], async ([url]) => {
    const base = bases([url!])[0]!;
    const list = place.write(
      "list",
      Array.from({ length: 9 }, (_, i) => `${base}?${i}`).join("\n"),
    );
    const own = place.write("own", Array.from({ length: 9 }, (_, i) => `${base}${i}/`).join("\n"));
    const table: [args: string[], exitCode: number, message: RegExp][] = [
      [["--mirror-list", own, "--path", "x.iso"], 22, /no mirror is left/],
      [["--mirror-list", list], 22, /no mirror is left/],
      [["--mirror-list", place.at("none"), "--path", "x"], 2, /no such file/],
      [["--mirror-list", list, "--path", "../x"], 2, /must be the path of a file/],
      [["--mirror-list", list, "--path", "dists/"], 2, /must be the path of a file/],
      [["--mirror-list", list, url!], 2, /cannot be used with URLs/],
      [["--mirror-list", list, "-M", "x.meta4"], 2, /cannot be used together/],
      [["--path", "x", url!], 2, /needs a list of mirrors/],
      [["--spare-mirrors", "3", url!], 2, /needs a Metalink or a list/],
    ];
    for (const [args, exitCode, message] of table) {
      const error = await failCommand([...args, "-o", place.at("out")]);
      assertEquals(error.exitCode, exitCode, args.join(" "));
      assertMatch(error.message, message);
    }
    const unnamed = await failCommand(["--mirror-list", own]);
    assertEquals(unnamed.exitCode, 2);
    assertMatch(unnamed.message, /own lists folders, like http\S+0\/; .* with --path PATH/);
    // With a name, they may be files all the same.
    const tried = await tryCommand(["--mirror-list", own, "-o", place.at("out")]);
    assertEquals(tried.error?.exitCode, 22);
    assertStringIncludes(tried.shown, "if they are folders, --path PATH names the file");
    const files = await tryCommand(["--mirror-list", own, "--path", "x", "-o", place.at("out")]);
    assertEquals(files.shown.includes("--path"), false);
    assertEquals(place.names(), ["list", "own"]);
  });
});

Deno.test("--mirror-list -: the list is read from stdin", async () => {
  using place = workplace();
  const own = Object.getOwnPropertyDescriptor(Deno.stdin, "readable");
  await withMirrors([{}], async (urls) => {
    const list = new Blob([bases(urls).join("\n")]).stream();
    Object.defineProperty(Deno.stdin, "readable", { value: list, configurable: true });
    try {
      await runCommand(["--mirror-list", "-", "--path", "file.bin", "--output-dir", place.path]);
    } finally {
      if (own !== undefined) Object.defineProperty(Deno.stdin, "readable", own);
      else delete (Deno.stdin as { readable?: unknown }).readable;
    }
  });
  assertEquals(place.read("file.bin"), FILE.read(0, FILE.size));
});
