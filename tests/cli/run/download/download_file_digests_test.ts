import { assertEquals, assertStringIncludes } from "@std/assert";
import { sha256Of } from "../../../../lib/hashing/platform_hash.ts";
import { failCommand, runCommand } from "../../../support/cli/run_command.ts";
import { randomContent } from "../../../support/lab/content.ts";
import { type Arrive, meetingOf } from "../../../support/lab/meeting.ts";
import { workplace } from "../../../support/workplace.ts";

const CONTENT = randomContent(300_000, 4);
const BYTES = CONTENT.read(0, CONTENT.size) as Uint8Array<ArrayBuffer>;
const RIGHT = await sha256Of(BYTES);
const WRONG = await sha256Of(new Uint8Array([1]));

/** A server that gives this digest of its file, once it has arrived. */
function startServer(hex: string, arrive?: Arrive) {
  const asked: Headers[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    asked.push(request.headers);
    await arrive?.();
    const headers = {
      "repr-digest": `sha-256=:${Uint8Array.fromHex(hex).toBase64()}:`,
      etag: '"e"',
    };
    const range = /bytes=(\d+)-(\d*)/.exec(request.headers.get("range") ?? "");
    if (range === null) return new Response(BYTES, { headers });
    const start = Number(range[1]);
    const end = range[2] ? Math.min(BYTES.length, Number(range[2]) + 1) : BYTES.length;
    const part = { ...headers, "content-range": `bytes ${start}-${end - 1}/${BYTES.length}` };
    return new Response(BYTES.slice(start, end), { status: 206, headers: part });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/f.bin`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("digests: the file is verified by the one that the server gives", async () => {
  await using server = startServer(RIGHT);
  using place = workplace();
  const { shown } = await runCommand(["-o", place.at("f"), server.url]);
  assertEquals(await Deno.readFile(place.at("f")), BYTES);
  assertStringIncludes(shown, "sha-256");
});

Deno.test("digests: a file with another one is not renamed, unless they are ignored", async () => {
  await using server = startServer(WRONG);
  using place = workplace();
  const { exitCode, message } = await failCommand(["-o", place.at("f"), server.url]);
  assertEquals(exitCode, 32);
  for (
    const text of ["the sha-256 checksum that the server gives", RIGHT, WRONG, "--ignore-digests"]
  ) {
    assertStringIncludes(message, text);
  }
  await runCommand(["--ignore-digests", "-C-", "-o", place.at("f"), server.url]);
  assertEquals(await Deno.readFile(place.at("f")), BYTES);
  assertEquals(server.asked.at(-1)!.has("want-repr-digest"), false);
});

Deno.test("digests: a mirror with another one than --checksum is dropped at once", async () => {
  const [first, second] = meetingOf(2);
  await using bad = startServer(WRONG, first);
  await using good = startServer(RIGHT, second);
  using place = workplace();
  const args = ["-v", "--checksum", `sha-256=${RIGHT}`, "-o", place.at("f"), bad.url, good.url];
  const { shown } = await runCommand(args);
  assertEquals(await Deno.readFile(place.at("f")), BYTES);
  assertStringIncludes(shown, `the sha-256 of the file is ${WRONG}`);
});

Deno.test("digests: what is continued is verified from its beginning, by the one in the record", async () => {
  await using server = startServer(RIGHT);
  using place = workplace();
  const part = BYTES.slice(0, 150_000);
  part[10]! ^= 1;
  const record = {
    version: 1,
    size: BYTES.length,
    start: 0,
    hashes: { "sha-256": RIGHT },
    mirrors: [{ url: server.url, etag: '"e"' }],
  };
  await Deno.writeFile(place.at("f.part"), part);
  await Deno.writeTextFile(place.at("f.part.json"), JSON.stringify(record));
  const damaged = await failCommand(["-C-", "-o", place.at("f"), server.url]);
  assertEquals(damaged.exitCode, 32);
  await Deno.writeFile(place.at("f.part"), BYTES.slice(0, 150_000));
  await Deno.writeTextFile(place.at("f.part.json"), JSON.stringify(record));
  await runCommand(["-C-", "-o", place.at("f"), server.url]);
  assertEquals(await Deno.readFile(place.at("f")), BYTES);
});

Deno.test("digests: a part of the file is not verified by that of the file", async () => {
  await using server = startServer(RIGHT);
  using place = workplace();
  await runCommand(["-r", "5-99", "-o", place.at("f"), server.url]);
  assertEquals(await Deno.readFile(place.at("f")), BYTES.slice(5, 100));
});
