import { assertEquals } from "@std/assert";
import { createServer } from "node:http";
import { programPath, testWith } from "../../../support/programs/programs.ts";
import { runCommand } from "../../../support/cli/run_command.ts";

/** A server of one byte that records what it was asked, and the host. */
async function startRecorder(host = "127.0.0.1") {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.headers.host} ${request.url}`);
    response.writeHead(200, { "content-length": "1" }).end("x");
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as { port: number };
  return {
    seen,
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Paths as people paste them; `undefined` where curl, without --globoff, refuses them. */
const PATHS: readonly (readonly [path: string, requested: string])[] = [
  ["/f.bin", "/f.bin"],
  ["/film[1080p][x265].mkv", "/film[1080p][x265].mkv"],
  ["/f?args[0]=a&args[1]=b", "/f?args[0]=a&args[1]=b"],
  ["/f?q={id}", "/f?q={id}"],
  ["/f?a=100%&b=%zz%41", "/f?a=100%&b=%zz%41"],
  ["/100%/f%20g.bin", "/100%/f%20g.bin"],
  ["/a//b/;c=d/f,g.bin?x?y#z", "/a//b/;c=d/f,g.bin?x?y"],
];

testWith(["curl"], "a pasted URL is requested as curl --globoff requests it", async () => {
  await using server = await startRecorder();
  const origin = `http://127.0.0.1:${server.port}`;
  for (const [path, requested] of PATHS) {
    const expected = `127.0.0.1:${server.port} ${requested}`;
    const args = ["-s", "--globoff", "-o", "/dev/null", `${origin}${path}`];
    await new Deno.Command(programPath("curl"), { args }).output();
    assertEquals(server.seen.splice(0), [expected], `curl ${path}`);
    for (const flags of [[], ["-g"]]) {
      await runCommand([...flags, "-o", "/dev/null", `${origin}${path}`]);
      assertEquals(new Set(server.seen.splice(0)), new Set([expected]), path);
    }
  }
});

Deno.test("blanks around a URL, escaped brackets and characters beyond ASCII are as meant", async () => {
  await using server = await startRecorder();
  const origin = `http://127.0.0.1:${server.port}`;
  const rows = [
    [`  ${origin}/f\u00a0\u200b\n`, "/f"],
    [`${origin}/\\[1-2\\]\\{a,b\\}`, "/[1-2]%7Ba,b%7D"],
    [`${origin}/b\u00fccher/\u6620 \u753b.mkv`, "/b%C3%BCcher/%E6%98%A0%20%E7%94%BB.mkv"],
    [`${origin}/{3F25}/{a}`, "/%7B3F25%7D/%7Ba%7D"],
  ] as const;
  for (const [url, requested] of rows) {
    await runCommand(["-o", "/dev/null", url]);
    const expected = `127.0.0.1:${server.port} ${requested}`;
    assertEquals(new Set(server.seen.splice(0)), new Set([expected]), url);
  }
  // A range with --globoff is none.
  await runCommand(["-g", "-o", "/dev/null", `${origin}/[1-2]`]);
  assertEquals(new Set(server.seen), new Set([`127.0.0.1:${server.port} /[1-2]`]));
});

Deno.test("an IPv6 address is no pattern", async () => {
  await using server = await startRecorder("::1");
  for (const flags of [[], ["-g"]]) {
    await runCommand([...flags, "-o", "/dev/null", `http://[::1]:${server.port}/[x]`]);
    assertEquals(new Set(server.seen.splice(0)), new Set([`[::1]:${server.port} /[x]`]));
  }
});
