import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sha256Of } from "../../../../lib/hashing/platform_hash.ts";
import { failCommand, runCommand } from "../../../support/cli/run_command.ts";
import { randomContent } from "../../../support/lab/content.ts";
import { workplace } from "../../../support/workplace.ts";

const CONTENT = randomContent(2_000_000, 6);
const BYTES = CONTENT.read(0, CONTENT.size) as Uint8Array<ArrayBuffer>;
const RIGHT = await sha256Of(BYTES);

/** A server whose responses have these fields. */
function startServer(fields: () => Record<string, string>, bytes = BYTES) {
  const asked: Headers[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    asked.push(request.headers);
    const range = /bytes=(\d+)-(\d*)/.exec(request.headers.get("range") ?? "");
    const start = Number(range?.[1] ?? 0);
    const end = range?.[2] ? Math.min(bytes.length, Number(range[2]) + 1) : bytes.length;
    const more = { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` };
    const headers = range === null ? fields() : { ...fields(), ...more };
    let at = start;
    // So slow that several are of use.
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = Math.min(end, at + 16_384);
        controller.enqueue(bytes.subarray(at, next));
        at = next;
        if (at === end) controller.close();
        return new Promise((resolve) => setTimeout(resolve, 1));
      },
    });
    return new Response(body, { status: range === null ? 200 : 206, headers });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/f.bin`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const digest = { "repr-digest": `sha-256=:${Uint8Array.fromHex(RIGHT).toBase64()}:` };

Deno.test("mirrors that a server names are asked, too, if the digest of the file is known", async () => {
  await using mirror = startServer(() => ({}));
  await using origin = startServer(() => ({ ...digest, link: `<${mirror.url}>; rel=duplicate` }));
  using place = workplace();
  const { shown } = await runCommand(["-o", place.at("f"), origin.url]);
  assertEquals(place.read("f"), BYTES);
  assertStringIncludes(shown, "the server names a mirror of the file");
  assert(mirror.asked.length > 0);
});

Deno.test("mirrors that a server names are not asked with --no-mirrors, nor without a digest", async () => {
  await using mirror = startServer(() => ({}));
  const link = { link: `<${mirror.url}>; rel=duplicate` };
  await using origin = startServer(() => ({ ...digest, ...link }));
  await using bare = startServer(() => link);
  using place = workplace();
  await runCommand(["--no-mirrors", "-o", place.at("a"), origin.url]);
  const { shown } = await runCommand(["-o", place.at("b"), bare.url]);
  assertStringIncludes(shown, "neither a digest nor a strong ETag");
  await runCommand(["-r0-99", "-o", place.at("c"), origin.url]);
  assertEquals(mirror.asked.length, 0);
  await runCommand(["--trust-mirrors", "-o", place.at("d"), bare.url]);
  assert(mirror.asked.length > 0);
  for (const name of ["a", "b", "d"]) assertEquals(place.read(name), BYTES);
});

Deno.test("a mirror that a server names and that has another file is dropped, or found by the digest", async () => {
  const other = BYTES.slice();
  other[1_500_000]! ^= 1;
  await using liar = startServer(() => ({}), other);
  const shorter = BYTES.slice(0, -1);
  await using short = startServer(() => ({}), shorter);
  const link = [liar, short].map(({ url }) => `<${url}>; rel=duplicate`).join(", ");
  await using origin = startServer(() => ({ ...digest, link }));
  using place = workplace();
  let code = 0;
  try {
    await runCommand(["-v", "-o", place.at("f"), origin.url]);
  } catch (error) {
    code = (error as { exitCode: number }).exitCode;
  }
  // Whether the liar was asked for the byte that it has changed is a matter of time.
  if (code === 0) assertEquals(place.read("f"), BYTES);
  else assert([32, 56].includes(code), `exit code ${code}`);
});

Deno.test("--max-mirrors and --trust-mirrors are checked", async () => {
  const error = await failCommand(["--no-mirrors", "--trust-mirrors", "http://127.0.0.1:9/"]);
  assertStringIncludes(error.message, "cannot be used together");
});
