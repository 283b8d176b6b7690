import { assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { probeCommand } from "../../../lib/cli/probe/probe.ts";
import {
  parseProbeArguments,
  type ProbeArguments,
} from "../../../lib/cli/probe/probe_arguments.ts";
import type { ProbeDocument } from "../../../lib/cli/probe/results.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { formatMetalink } from "../../../metalink.ts";
import { Downloader } from "../../../mod.ts";
import { testCertificates } from "../../support/lab/certificates.ts";
import { piecesOf, randomContent, resizedContent } from "../../support/lab/content.ts";
import { meetingOf } from "../../support/lab/meeting.ts";
import { startMirror } from "../../support/lab/mirror_lab.ts";
import { denoArguments } from "../../support/programs/own_commands.ts";
import { workplace } from "../../support/workplace.ts";

const SIZE = 2_000_000;
const CONTENT = randomContent(SIZE);

/** Runs the command in a process of its own. */
async function run(...args: string[]) {
  const { code: exitCode, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...denoArguments("cli.ts"),
      "probe",
      ...args,
      // The file is at its end long before.
      "--time=10",
    ],
  }).output();
  const decoder = new TextDecoder();
  return { exitCode, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("sphttp probe prints a table or JSON, and exits with 0 if a mirror is usable", async () => {
  await using one = await startMirror({ content: CONTENT });
  await using two = await startMirror({ content: CONTENT, ranges: false });
  const table = await run(one.url, two.url);
  assertEquals([table.exitCode, table.stderr], [0, ""]);
  const lines = table.stdout.split("\n");
  assertEquals(lines[0], "mirror           verdict  ranges      size  latency        rate");
  assertStringIncludes(lines[1]!, `127.0.0.1:${one.port}  use      yes       2.0 MB`);
  assertStringIncludes(lines[2]!, "does not support ranges");
  assertEquals(lines.slice(3), [
    "",
    "1 of 2 mirrors is worth using",
    'proof of a download: "tags" (the same strong ETag, and compared bytes)',
    "",
  ]);
  const json = await run("--json", one.url, two.url);
  assertEquals([json.exitCode, json.stderr], [0, ""]);
  const document: ProbeDocument = JSON.parse(json.stdout);
  assertEquals([document.version, document.usable, document.mirrors.length], [1, 1, 2]);
  assertEquals(document.proof, "tags");
  const [first, second] = document.mirrors;
  assertEquals(
    { ...first, firstAnswerMs: 0, latencyMs: 0, bytesPerSecond: 0 },
    {
      ...{ url: one.url, verdict: "use", reason: null, status: 206, ranges: true, size: SIZE },
      ...{ etag: first!.etag, lastModified: "Tue, 02 Jan 2024 03:04:05 GMT", sameFile: true },
      ...{ etagVaries: false, encoding: null, rangeForm: null, isPage: false },
      ...{ protocol: "HTTP/1.1", redirects: 0, finalHost: `127.0.0.1:${one.port}`, share: 1 },
      ...{ firstAnswerMs: 0, latencyMs: 0, bytesPerSecond: 0 },
    },
  );
  assertEquals([second!.verdict, second!.latencyMs, second!.bytesPerSecond], ["skip", null, null]);
});

Deno.test("sphttp probe of a Metalink says what it has of the file, and which mirrors have another one", async () => {
  using work = workplace();
  await using one = await startMirror({ content: CONTENT });
  await using two = await startMirror({ content: resizedContent(CONTENT, 5) });
  const { length, digests } = piecesOf(CONTENT, 400_000, "sha-1");
  const pieces = { type: "sha-1", length, hashes: digests } as const;
  const urls = [one, two].map(({ url }) => ({ url }));
  const hashes = { "sha-256": CONTENT.sha256() };
  const file = { name: "a/film", size: SIZE, hashes, pieces, urls };
  const path = work.write("film.meta4", formatMetalink([file, { name: "other", urls }]));
  const args = ["-M", path, "--select-file", "film"];
  const table = await run(...args);
  assertEquals([table.exitCode, table.stderr], [0, ""]);
  assertStringIncludes(
    table.stdout,
    "the Metalink has of a/film: 2.0 MB, sha-256 of the whole file, " +
      'sha-1 of 5 pieces of 400000 bytes\nproof of a download: "pieces" (a digest of each piece)\n',
  );
  assertStringIncludes(table.stdout, "different size than the Metalink says: 5 B instead of");
  const { proof, metalink, usable }: ProbeDocument = JSON.parse(
    (await run("--json", ...args)).stdout,
  );
  assertEquals([proof, usable], ["pieces", 1]);
  const counted = { type: "sha-1", length, count: 5 };
  assertEquals(metalink, { name: "a/film", size: SIZE, hash: "sha-256", pieces: counted });
  const several = await run(path);
  assertEquals(several.exitCode, ExitCode.USAGE);
  assertStringIncludes(several.stderr, "has 2 files; use --select-file NAME for one of them");
  const other = await run(path, "--select-file", "other");
  assertStringIncludes(
    other.stdout,
    "the Metalink has of other: no size, no digest of the whole file, " +
      "no digests of pieces that can be used\n",
  );
});

/** Starts a server whose responses to ranges of `bytes` go through `change`. */
function startOdd(
  bytes: Uint8Array<ArrayBuffer>,
  change: (headers: Headers, range: string, number: number) => number | void,
) {
  let number = 0;
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ headers }) => {
    const range = headers.get("range") ?? "";
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
    const start = Number(first ?? 0);
    const end = Math.min(last ? Number(last) + 1 : bytes.length, bytes.length);
    const own = new Headers({ etag: '"one"' });
    if (range !== "") own.set("content-range", `bytes ${start}-${end - 1}/${bytes.length}`);
    const status = change(own, range, number++);
    if (status !== undefined) return new Response(null, { status });
    return new Response(bytes.subarray(start, end), {
      status: range === "" ? 200 : 206,
      headers: own,
    });
  });
}

Deno.test("sphttp probe tells what is odd about mirrors that work", async () => {
  const bytes = CONTENT.read(0, 300_000).slice();
  const page = new TextEncoder().encode(`<!DOCTYPE html><title>x</title>${"x".repeat(200_000)}`);
  const table: [server: ReturnType<typeof startOdd>, reason: string, facts: object][] = [
    [
      startOdd(bytes, (headers) => headers.set("content-encoding", "gzip")),
      "the file is stored with Content-Encoding gzip",
      { encoding: "gzip" },
    ],
    [
      startOdd(bytes, (headers, _, number) => headers.set("etag", `"${number}"`)),
      "its ETag differs from response to response",
      { etagVaries: true },
    ],
    [
      startOdd(bytes, (_, range) => /-\d+$/.test(range) ? 403 : undefined),
      "refuses ranges with an end, and serves them without",
      { rangeForm: "open" },
    ],
    [startOdd(page, () => {}), "sends an HTML page", { isPage: true }],
  ];
  for (const [server, reason, facts] of table) {
    await using odd = server;
    const { exitCode, stdout } = await run("--json", `http://127.0.0.1:${odd.addr.port}/f`);
    const [mirror] = (JSON.parse(stdout) as ProbeDocument).mirrors;
    assertEquals([exitCode, mirror!.verdict, mirror!.reason], [0, "use", reason]);
    assertEquals({ ...mirror, ...facts }, mirror as object);
  }
});

Deno.test("sphttp probe shows the proof that a download of the mirrors has", async () => {
  const bytes = CONTENT.read(0, 300_000).slice();
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toBase64();
  const change: [(headers: Headers) => void, proof: string][] = [
    [(headers) => headers.set("repr-digest", `sha-256=:${sha256}:`), "digest"],
    [() => {}, "tags"],
    [(headers) => headers.set("etag", 'W/"one"'), "bytes"],
  ];
  await using same = startOdd(bytes, () => {});
  for (const [changed, proof] of change) {
    await using server = startOdd(bytes, changed);
    const urls = [same, server].map(({ addr }) => `http://127.0.0.1:${addr.port}/f`);
    const json = JSON.parse((await run("--json", ...urls)).stdout) as ProbeDocument;
    assertEquals(json.proof, proof);
    const arrive = meetingOf(urls.length);
    await using download = new Downloader(urls, {
      fetch: async (input, init) => {
        await arrive[urls.indexOf(String(input))]!();
        return await fetch(input, init);
      },
    });
    assertEquals((await download.open()).proof, proof);
  }
  const page = await run("--json", `http://127.0.0.1:1/f`);
  assertEquals((JSON.parse(page.stdout) as ProbeDocument).proof, null);
});

Deno.test("sphttp probe exits with the code of the first failure if no mirror is usable", async () => {
  const missing = { kind: "status", status: 404 } as const;
  await using gone = await startMirror({ content: CONTENT, faults: [missing] });
  await using dead = await startMirror({ content: CONTENT });
  await using other = await startMirror({ content: resizedContent(CONTENT, 5) });
  const closed = dead.url;
  await dead.close();
  const both = await run(gone.url, closed);
  assertEquals([both.exitCode, both.stderr], [22, "sphttp: no mirror is usable\n"]);
  assertStringIncludes(both.stdout, "answered 404");
  assertStringIncludes(both.stdout, "no mirror is worth using");
  assertEquals((await run("--json", closed, gone.url)).exitCode, 7);
  await using one = await startMirror({ content: CONTENT });
  const tie = await run(one.url, other.url);
  assertEquals(tie.exitCode, 56);
  assertStringIncludes(tie.stderr, "the mirrors have different files");
});

Deno.test("probeCommand() refuses invalid arguments before the first request", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "no PEM");
  const broken = `${file}.pem`;
  await Deno.writeTextFile(broken, "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n");
  const refused: [args: string[], code: number, says: string][] = [
    [["ftp://u:hunter2@a.example/f"], ExitCode.URL, "only http: and https:"],
    [["nonsense"], ExitCode.URL, '"nonsense" is not a URL'],
    [["-H", "Range: bytes=0-1", "http://a/"], ExitCode.USAGE, "--header"],
    [["-x", "http://127.0.0.1:1/path", "http://a/"], ExitCode.USAGE, "--proxy has a path"],
    [["-x", "ftp://u:hunter2@a", "http://a/"], ExitCode.USAGE, "--proxy has an unsupported scheme"],
    [["--cacert", `${file}.none`, "http://a/"], ExitCode.USAGE, "no such file"],
    [["--cacert", file, "http://a/"], ExitCode.USAGE, "in PEM format"],
    [["--cacert", broken, "http://a/"], ExitCode.USAGE, "invalid certificates"],
  ];
  try {
    for (const [args, code, says] of refused) {
      const { signal } = new AbortController();
      const command = await parseProbeArguments(args);
      assertNotEquals(command, "help");
      const error = await assertRejects(
        () => probeCommand(command as ProbeArguments, signal),
        CommandError,
      );
      assertEquals(error.exitCode, code, error.message);
      assertStringIncludes(error.message, says);
      assertEquals(error.message.includes("hunter2"), false);
    }
  } finally {
    await Promise.all([file, broken].map((path) => Deno.remove(path)));
  }
});

Deno.test("sphttp probe --cacert trusts a certificate; without it, it advises to use it", async () => {
  const { caPem, certPem, keyPem } = await testCertificates();
  const bytes = CONTENT.read(0, SIZE);
  const { promise, resolve } = Promise.withResolvers<number>();
  await using _server = Deno.serve({
    ...{ hostname: "127.0.0.1", port: 0, cert: certPem, key: keyPem },
    onListen: ({ port }) => resolve(port),
  }, ({ headers }) => {
    const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(headers.get("range") ?? "")!.map(Number);
    const last = Math.min(end || Infinity, SIZE - 1);
    return new Response(bytes.subarray(start, last + 1), {
      status: 206,
      headers: { "content-range": `bytes ${start}-${last}/${SIZE}` },
    });
  });
  const url = `https://127.0.0.1:${await promise}/f`;
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, caPem);
    for (const [flag, protocol] of [["--http2", "HTTP/2"], ["--http1.1", "HTTP/1.1"]] as const) {
      const { stdout, stderr, exitCode } = await run("--json", flag, "--cacert", file, url);
      assertEquals([exitCode, stderr], [0, ""]);
      const [mirror] = (JSON.parse(stdout) as ProbeDocument).mirrors;
      assertEquals([mirror!.verdict, mirror!.protocol], ["use", protocol]);
    }
    const insecure = await run("--json", "-k", url);
    assertEquals(insecure.exitCode, 0, insecure.stderr);
    const [trusted] = (JSON.parse(insecure.stdout) as ProbeDocument).mirrors;
    assertEquals(trusted!.verdict, "use");
    const unknown = await run(url);
    assertEquals(unknown.exitCode, 60);
    assertStringIncludes(unknown.stderr, "use --cacert FILE; --insecure trusts any certificate");
  } finally {
    await Deno.remove(file);
  }
});
