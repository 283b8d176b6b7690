import { assertEquals, assertStringIncludes } from "@std/assert";
import { randomContent } from "../../../support/lab/content.ts";
import { failCommand, runCommand } from "../../../support/cli/run_command.ts";
import { programPath, testWith } from "../../../support/programs/programs.ts";
import { workplace } from "../../../support/workplace.ts";

const CONTENT = randomContent(400_000, 9);
const BYTES = CONTENT.read(0, CONTENT.size);
const MODIFIED = "Tue, 02 Jan 2024 03:04:05 GMT";

interface Behavior {
  readonly etag?: string | null;
  readonly lastModified?: string | null;
  /** Whether conditions are ignored. */
  readonly ignores?: boolean;
}

/** A server with conditions, and what it was asked. */
function startServer({ etag = '"abc"', lastModified = MODIFIED, ignores = false }: Behavior = {}) {
  const conditional: boolean[] = [];
  const statuses: number[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { headers } = request;
    const respond = (body: Uint8Array<ArrayBuffer> | null, status: number, more = {}) => {
      statuses.push(status);
      const response = new Response(body, { status, headers: more });
      if (etag !== null) response.headers.set("etag", etag);
      if (lastModified !== null) response.headers.set("last-modified", lastModified);
      return response;
    };
    const [match, since, before] = ["if-none-match", "if-modified-since", "if-unmodified-since"]
      .map((name) => headers.get(name));
    conditional.push([match, since, before].some((value) => value !== null));
    const modified = Date.parse(lastModified ?? "");
    if (!ignores) {
      if (match ? match === etag : since && Date.parse(since!) >= modified) {
        return respond(null, 304);
      }
      if (before && Date.parse(before!) < modified) return respond(null, 412);
    }
    const range = /bytes=(\d+)-(\d*)/.exec(headers.get("range") ?? "");
    if (range === null) return respond(BYTES.slice(), 200);
    const start = Number(range[1]);
    const end = range[2] === "" ? BYTES.length : Math.min(Number(range[2]) + 1, BYTES.length);
    const contentRange = { "content-range": `bytes ${start}-${end - 1}/${BYTES.length}` };
    return respond(BYTES.slice(start, end), 206, contentRange);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/f.bin`,
    conditional,
    statuses,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const ROWS: readonly (readonly [condition: string, behavior: Behavior, downloads: boolean])[] = [
  ["2024-02-01", {}, false],
  [MODIFIED, {}, false],
  ["2023-02-01", {}, true],
  ["-2023-02-01", {}, false],
  ["-2024-02-01", {}, true],
  // A server that ignores conditions is found out by its Last-Modified, if it has one.
  ["2024-02-01", { ignores: true }, false],
  [MODIFIED, { ignores: true }, false],
  ["2023-02-01", { ignores: true }, true],
  ["-2023-02-01", { ignores: true }, false],
  ["-2024-02-01", { ignores: true }, true],
  ["2024-02-01", { ignores: true, lastModified: null }, true],
  ["2024-02-01", { ignores: true, lastModified: "yesterday" }, true],
];

Deno.test("-z downloads a file that is newer, or older, only; else nothing is written, with exit code 0", async () => {
  for (const [condition, behavior, downloads] of ROWS) {
    using place = workplace();
    await using server = startServer(behavior);
    const file = place.at("f");
    const about = `${condition} ${JSON.stringify(behavior)}`;
    const { shown, written } = await runCommand([
      ...["-z", condition, "-o", file, "-w", "%{http_code}", server.url],
    ]);
    assertEquals(place.names(), downloads ? ["f"] : [], about);
    assertEquals(server.conditional[0], true, about);
    // A refused one may be tried in other forms of request.
    if (downloads) assertEquals(server.conditional.lastIndexOf(true), 0, about);
    if (downloads) assertEquals(Deno.readFileSync(file), BYTES, about);
    else {
      assertStringIncludes(shown, "nothing was downloaded", about);
      assertEquals(written, "304", about);
    }
  }
});

Deno.test("-z FILE is the time of that file, and replaces it by a newer one only", async () => {
  using place = workplace();
  await using server = startServer();
  const file = place.at("f");
  const args = ["-R", "-z", file, "-o", file, server.url];
  // Without the file, there is no condition.
  const first = await runCommand(args);
  assertStringIncludes(first.shown, `${file} is neither a date nor a file`);
  assertEquals(Deno.readFileSync(file), BYTES);
  const requests = server.statuses.length;
  const second = await runCommand(args);
  assertStringIncludes(second.shown, "is not newer than Tue, 02 Jan 2024 03:04:05 GMT");
  assertEquals([server.statuses.at(-1), server.statuses.length], [304, requests + 1]);
  Deno.writeTextFileSync(file, "old");
  Deno.utimeSync(file, new Date("2020-01-01"), new Date("2020-01-01"));
  await runCommand(args);
  assertEquals(Deno.readFileSync(file), BYTES);
  assertEquals(place.names(), ["f"]);
});

Deno.test("--etag-save and --etag-compare download a file again only when it has changed", async () => {
  using place = workplace();
  const [file, tag] = [place.at("f"), place.at("tag")];
  const args = ["--etag-save", tag, "--etag-compare", tag, "-o", file];
  {
    await using server = startServer({ etag: 'W/"one"' });
    const first = await runCommand([...args, server.url]);
    assertStringIncludes(first.shown, `${tag} does not exist`);
    assertEquals([Deno.readFileSync(file), Deno.readTextFileSync(tag)], [BYTES, 'W/"one"\n']);
    Deno.writeTextFileSync(file, "mine");
    const second = await runCommand([...args, server.url]);
    assertStringIncludes(second.shown, 'the ETag is still W/"one"; nothing was downloaded');
    assertEquals([Deno.readTextFileSync(file), Deno.readTextFileSync(tag)], ["mine", 'W/"one"\n']);
  }
  {
    // The same tag, from a server that ignores the condition.
    await using server = startServer({ etag: '"one"', ignores: true });
    await runCommand([...args, server.url]);
    assertEquals(Deno.readTextFileSync(file), "mine");
  }
  {
    await using server = startServer({ etag: '"two"' });
    await runCommand([...args, server.url]);
    assertEquals([Deno.readFileSync(file), Deno.readTextFileSync(tag)], [BYTES, '"two"\n']);
  }
  {
    // Without a tag, an empty file, which is no condition.
    await using server = startServer({ etag: null });
    await runCommand([...args, server.url]);
    assertEquals(Deno.readTextFileSync(tag), "");
    await runCommand([...args, server.url]);
    assertEquals(server.conditional.filter(Boolean).length, 1);
  }
  assertEquals(place.names(), ["f", "tag"]);
});

Deno.test("with several mirrors, one that has something newer is downloaded from", async () => {
  using place = workplace();
  await using stale = startServer();
  await using fresh = startServer({ lastModified: "Thu, 01 Feb 2024 00:00:00 GMT" });
  const file = place.at("f");
  await runCommand(["-z", "2024-01-10", "-o", file, stale.url, fresh.url]);
  assertEquals(Deno.readFileSync(file), BYTES);
  assertEquals(stale.statuses, [304]);
  const { shown } = await runCommand(["-z", "2024-03-01", "-o", file, stale.url, fresh.url]);
  assertStringIncludes(shown, "nothing was downloaded");
});

Deno.test("a failed mirror is a failure, whatever another says of a condition", async () => {
  using place = workplace();
  await using server = startServer();
  const gone = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    return new Response(null, { status: 404 });
  });
  try {
    const url = `http://127.0.0.1:${gone.addr.port}/f.bin`;
    const args = ["-z", "2024-02-01", "-o", place.at("f"), server.url, url];
    const error = await failCommand(args);
    assertEquals(error.exitCode, 22);
    assertEquals(place.names(), []);
  } finally {
    await gone.shutdown();
  }
});

Deno.test("--etag-save saves nothing of a file that is not complete", async () => {
  using place = workplace();
  const [tag, file] = [place.at("tag"), place.at("f")];
  await using server = startServer();
  const args = ["--etag-save", tag, "-o", file, "--checksum", `md5=${"0".repeat(32)}`, server.url];
  const error = await failCommand(args);
  assertEquals(error.exitCode, 32);
  assertEquals(place.names().includes("tag"), false);
});

Deno.test("--etag-save replaces the file in one step", async () => {
  using place = workplace();
  const tag = place.write("tag", '"a much longer tag"\n');
  await using server = startServer({ etag: '"two"' });
  // Of a file that is written in place, a reader would see the new bytes.
  using reader = Deno.openSync(tag);
  await runCommand(["--etag-save", tag, "-o", place.at("f"), server.url]);
  const seen = new Uint8Array(100);
  assertEquals(new TextDecoder().decode(seen.subarray(0, reader.readSync(seen)!)).length, 20);
  assertEquals([Deno.readTextFileSync(tag), place.names()], ['"two"\n', ["f", "tag"]]);
});

Deno.test("conditions that cannot be read or kept are found before the first request", async () => {
  using place = workplace();
  place.write("bad", "\x01");
  const rows = [
    ["--etag-compare", place.at("."), 2],
    ["--etag-compare", place.at("bad"), 2],
    ["--etag-save", place.at("."), 23],
    ["--etag-save", place.at("no/such"), 23],
  ] as const;
  await using server = startServer();
  for (const [flag, path, code] of rows) {
    const args = [flag, path, "-o", place.at("f"), server.url];
    const error = await failCommand(args);
    assertEquals(error.exitCode, code);
    assertStringIncludes(error.message, flag);
  }
  assertEquals(server.statuses, []);
});

testWith(
  ["curl"],
  "an ETag that curl has saved is understood, and the other way round",
  async () => {
    using place = workplace();
    await using server = startServer();
    const curl = async (...args: string[]) => {
      const command = new Deno.Command(programPath("curl"), { args: ["-sS", ...args, server.url] });
      assertEquals((await command.output()).code, 0);
    };
    const [tag, other, file] = [place.at("tag"), place.at("other"), place.at("f")];
    await curl("--etag-save", tag, "-o", "/dev/null");
    await runCommand(["--etag-compare", tag, "-o", file, server.url]);
    assertEquals(place.names(), ["tag"]);
    await runCommand(["--etag-save", other, "-o", file, server.url]);
    assertEquals(Deno.readTextFileSync(other), Deno.readTextFileSync(tag));
    await curl("--etag-compare", other, "-o", "/dev/null");
    assertEquals(server.statuses.at(-1), 304);
  },
);
