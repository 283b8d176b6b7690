import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { errors } from "../../build/npm/files.ts";
import { buildPackage } from "../../build/npm.ts";
import settings from "../../deno.json" with { type: "json" };
import { testCertificates } from "../support/lab/certificates.ts";
import { type Content, randomContent } from "../support/lab/content.ts";
import { freePort } from "../support/lab/free_port.ts";
import { type LabMirror, startMirror } from "../support/lab/mirror_lab.ts";
import { withPage } from "../support/programs/browser.ts";
import {
  findExecutable,
  isMissing,
  missingSuffix,
  testWith,
} from "../support/programs/programs.ts";
import { MODULES, read } from "../support/project_files.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const MAX_TARBALL = 500_000;

/** What a browser lets a page of another origin see. */
const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Content-Range, ETag",
};

interface Output {
  readonly code: number;
  readonly stdout: string;
  /** The same as bytes. */
  readonly bytes: Uint8Array;
  readonly stderr: string;
}

/** Runs a program in a folder. */
async function run(work: Workplace, program: string, ...args: readonly string[]): Promise<Output> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: work.path,
    env: {
      NO_COLOR: "1",
      npm_config_update_notifier: "false",
      // How Node.js and Bun are told to trust an authority.
      NODE_EXTRA_CA_CERTS: work.at("ca.pem"),
    },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), bytes: stdout, stderr: text(stderr) };
}

interface Mirrors {
  readonly urls: string[];
  /** Reports whether each of them has had requests. */
  readonly asked: () => boolean;
}

/** Runs the installed command. */
function sphttp(work: Workplace, ...args: readonly string[]): Promise<Output> {
  return run(work, "node", "node_modules/sphttp/bin.js", ...args);
}

/** Starts two mirrors of a file that pages may read; the second one redirects to it. */
async function startMirrors(content: Content): Promise<AsyncDisposable & Mirrors> {
  const options = { content, responseHeaders: CORS, bytesPerSecond: 8_000_000 };
  const mirrors: LabMirror[] = [
    await startMirror(options),
    await startMirror({ ...options, redirect: "relative" }),
  ];
  return {
    urls: mirrors.map(({ url }) => url),
    asked: () => mirrors.every(({ requests }) => requests.length > 0),
    async [Symbol.asyncDispose]() {
      for (const mirror of mirrors) await mirror.close();
    },
  };
}

/** Serves a mirror over TLS, too, with a certificate whose authority nothing trusts without being told. */
async function startSecure(
  work: Workplace,
  mirror: string,
): Promise<AsyncDisposable & { readonly url: string }> {
  const { caPem, certPem: cert, keyPem: key } = await testCertificates();
  work.write("ca.pem", caPem);
  const options = { cert, key, hostname: "127.0.0.1", port: 0, onListen() {} };
  const server = Deno.serve(options, ({ headers, signal }) => fetch(mirror, { headers, signal }));
  return {
    url: `https://127.0.0.1:${server.addr.port}/file`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Returns the URL of a port that nothing listens at. */
function closedUrl(): string {
  return `http://127.0.0.1:${freePort()}/file`;
}

/** Checks what `package_consumer.js` printed in a runtime. */
function checkConsumer({ code, stdout, stderr }: Output, content: Content, runtime: string): void {
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const { refusals, ...done } = JSON.parse(stdout);
  assertEquals(done, {
    sha256: content.sha256(),
    range: [206, 4000],
    blocks: true,
    metalink: ["a b"],
    fault: "refused",
  });
  for (const [index, option] of ["proxy", "caCerts", "http"].entries()) {
    const more = option === "caCerts"
      ? ", and name the file in the variable NODE_EXTRA_CA_CERTS"
      : "";
    const words = `${option} needs Deno, but this is ${runtime} [\\d.]+; leave it out${more}`;
    assertMatch(refusals[index], new RegExp(`^${words}$`));
  }
}

Deno.test("npm: a folder with anything else in it is not emptied", async () => {
  using work = workplace();
  for (const name of ["package.json", "notes.txt"]) work.write(name, "mine");
  const folder = new URL(`file://${work.path}/`);
  await assertRejects(() => buildPackage(folder), Error, "it has notes.txt: name a new folder");
  assertEquals(work.readText("package.json"), "mine");
});

Deno.test("npm: what stands for Deno is what the command uses of it", () => {
  const code = MODULES.filter((path) => !/^lib\/proxy\/|^serve/.test(path)).map(read).join("\n");
  const names = [
    ...read("build/npm/deno.ts").matchAll(/^export (?:async )?(?:const|function|class) (\w+)/gm),
  ];
  assert(names.length > 20);
  assertEquals(
    names.map(([, name]) => name!).filter((name) => !new RegExp(`\\bDeno\\.${name}\\b`).test(code)),
    [],
  );
  // The bundler does not see that a class of errors is missing: `instanceof` fails then.
  const used = new Set([...code.matchAll(/\bDeno\.errors\.(\w+)/g)].map(([, name]) => name!));
  assertEquals([...used].sort(), Object.keys(errors).sort());
});

testWith(["node", "npm"], "npm: the package is built, packed, installed and used", async (t) => {
  using work = workplace();
  const content = randomContent(2_000_000, 7);
  await using mirrors = await startMirrors(content);
  const { urls } = mirrors;
  await using secure = await startSecure(work, urls[0]!);
  await buildPackage(new URL(`file://${work.at("new folder")}/`));
  const packed = await run(work, "npm", "pack", "--offline", "--json", "./new folder");
  assertEquals(packed.code, 0, packed.stderr);
  const [{ filename, size, files }] = JSON.parse(packed.stdout);
  work.write("package.json", '{ "type": "module" }');
  work.write("use.js", await Deno.readFile(new URL("package_consumer.js", import.meta.url)));

  await t.step("the tarball is small, and has types, licence and README", () => {
    assert(size < MAX_TARBALL, `${size} bytes`);
    const paths = files.map(({ path }: { path: string }) => path);
    for (const path of ["LICENSE", "README.md", "mod.js", "types/mod.d.ts"]) {
      assert(paths.includes(path), path);
    }
    const { dependencies } = JSON.parse(work.readText("new folder/package.json"));
    assertEquals(dependencies, undefined);
  });

  await t.step("it is installed without a network", async () => {
    const options = ["--offline", "--no-audit", "--no-fund", "--loglevel=error"];
    const { code, stderr } = await run(work, "npm", "install", ...options, `./${filename}`);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  });

  await t.step(
    "TypeScript accepts a program where there are only types of Node.js, or of pages",
    async () => {
      work.write("program.ts", TYPED_PROGRAM);
      const node = new URL("index.d.ts", import.meta.resolve("types-node/package.json")).pathname;
      assertEquals(await typeErrors(work, ["es2023"], [node]), []);
      assertEquals(await typeErrors(work, ["es2022", "dom"], []), []);
    },
  );

  await t.step("Node.js downloads with the library", async () => {
    checkConsumer(
      await run(work, "node", "use.js", closedUrl(), secure.url, ...urls),
      content,
      "Node\\.js",
    );
    assert(mirrors.asked());
  });

  await t.step("npx sphttp downloads to a file and to a pipe", async () => {
    const file = await run(work, "npx", "--offline", "sphttp", "-o", "file.bin", ...urls);
    assertEquals(file.code, 0, file.stderr);
    assertMatch(file.stderr, /2\.0 MB in .* from (1 of )?2 mirrors -> file\.bin\n$/);
    assertEquals(work.read("file.bin"), content.read(0, content.size));
    const piped = await sphttp(work, "-s", "-o", "-", ...urls);
    assertEquals({ code: piped.code, stderr: piped.stderr }, { code: 0, stderr: "" });
    assertEquals(piped.bytes, content.read(0, content.size));
  });

  await t.step(
    "the command continues a part file, and leaves one alone that is in use",
    async () => {
      await using mirror = await startMirror({ content });
      mirror.setFaults([{ kind: "truncate", afterBytes: 700_000 }, { kind: "refuse", from: 1 }]);
      const options = ["-C", "-", "--retry", "0", "-o", "part.bin", mirror.url];
      assertEquals((await sphttp(work, ...options)).code, 18);
      assertEquals(work.names().filter((name) => name.startsWith("part.bin")), [
        "part.bin.part",
        "part.bin.part.json",
      ]);
      const first = mirror.requests.length;
      mirror.setFaults([{ kind: "stall", afterBytes: 100_000 }]);
      const stalled = new Deno.Command("node", {
        args: ["node_modules/sphttp/bin.js", ...options],
        cwd: work.path,
        stdin: "null",
        stderr: "null",
      }).spawn();
      while (mirror.requests.length === first) await delay(20);
      const second = await sphttp(work, ...options);
      assertEquals(second.code, 23);
      assertMatch(second.stderr, /another download is writing to part\.bin\.part/);
      stalled.kill("SIGINT");
      assertEquals((await stalled.status).code, 130);
      mirror.setFaults([]);
      const third = await sphttp(work, ...options);
      assertEquals(third.code, 0, third.stderr);
      assertMatch(third.stderr, /continu|resum/);
      assertEquals(work.read("part.bin"), content.read(0, content.size));
    },
  );

  await t.step(
    "the command trusts what NODE_EXTRA_CA_CERTS names, and says so otherwise",
    async () => {
      const trusted = await sphttp(work, "-s", "-o", "-", secure.url);
      assertEquals([trusted.code, trusted.bytes], [0, content.read(0, content.size)]);
      const authority = work.readText("ca.pem");
      work.write("ca.pem", "");
      const refused = await sphttp(work, "-o", "-", secure.url);
      work.write("ca.pem", authority);
      assertEquals(refused.code, 60);
      assertMatch(refused.stderr, /set NODE_EXTRA_CA_CERTS=FILE; --insecure/);
    },
  );

  await t.step("where there can be no configuration file, there is none", async () => {
    const { code, stderr } = await run(
      work,
      ...["env", "HOME=/dev/null", "node", "node_modules/sphttp/bin.js", "-s", "-o", "none.bin"],
      ...urls,
    );
    assertEquals([code, stderr], [0, ""]);
  });

  await t.step("the command's exit codes are those of Deno's", async () => {
    const [url] = urls;
    const codes = [];
    for (
      const args of [
        [closedUrl()],
        [`${url}-not-there`],
        ["--proxy", "http://127.0.0.1:1", url!],
        ["--checksum", `sha-256=${"0".repeat(64)}`, "-o", "other", url!],
      ]
    ) codes.push((await sphttp(work, ...args)).code);
    assertEquals(codes, [7, 22, 2, 32]);
  });

  const bun = await findBun(work);
  await t.step({
    name: `Bun downloads with the library${missingSuffix(bun === undefined ? ["bun"] : [])}`,
    ignore: bun === undefined,
    fn: async () => {
      checkConsumer(
        await run(work, bun!, "use.js", closedUrl(), secure.url, ...urls),
        content,
        "Bun",
      );
    },
  });

  const lacking = isMissing("chromium") ? ["chromium"] : [];
  await t.step({
    name: `a page downloads with the library${missingSuffix(lacking)}`,
    ignore: lacking.length > 0,
    fn: () => downloadInPage(work, urls, content),
  });
});

/** A program that uses what is exported. */
const TYPED_PROGRAM = `
import { Downloader, type DownloaderOptions, MirrorBook, NoMirrorLeftError } from "sphttp";
import { parseMetalink } from "sphttp/metalink";
import { analyze } from "sphttp/trace";

const options: DownloaderOptions = { headers: { "x-key": "value" }, book: new MirrorBook() };
export async function read(urls: string[]): Promise<number> {
  const download = new Downloader(urls, { ...options, trace: true });
  let bytes = 0;
  try {
    for await (const part of download) bytes += part.byteLength;
  } catch (error) {
    if (error instanceof NoMirrorLeftError) return error.cause[0]?.status ?? 0;
  }
  return bytes + analyze(download.trace()).blocks + parseMetalink("").files.length;
}
`;

/** Stands for the package whose types those of Node.js use for what pages have, too. */
const FETCH_TYPES = `
export class Headers { constructor(init?: string[][] | Record<string, string>); }
export class Response { readonly status: number; readonly body: null; readonly headers: Headers; }
export class Request {}
export function fetch(input: string | URL | Request, init?: object): Promise<Response>;
`;

/** Returns what TypeScript finds wrong with the program and the package's types, which it checks, too. */
async function typeErrors(work: Workplace, lib: string[], files: string[]): Promise<string[]> {
  work.write("fetch.d.ts", FETCH_TYPES);
  const config = work.write(
    "tsconfig.json",
    JSON.stringify({
      compilerOptions: {
        ...{ strict: true, noEmit: true, exactOptionalPropertyTypes: true, target: "es2022" },
        ...{ module: "esnext", moduleResolution: "bundler", lib, types: [] },
        paths: { "undici-types": ["./fetch.d.ts"] },
      },
      files: ["program.ts", ...files],
    }),
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `${settings.imports.typescript}/tsc`, "-p", config],
    cwd: new URL("../../", import.meta.url),
    stderr: "inherit",
  }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) =>
    /(?:^|\/)(?:program\.ts|node_modules\/sphttp\/)/.test(line)
  );
}

/** Returns how Bun is started, from npm if it is not installed; `undefined` if it cannot be had. */
async function findBun(work: Workplace): Promise<string | undefined> {
  const installed = findExecutable("bun");
  if (installed !== undefined) return installed;
  const command = ["npm", "exec", "--yes", "--package=bun@1", "--call=command -v bun"];
  const { code, stdout } = await run(work, "timeout", "60", ...command);
  return code === 0 ? stdout.trim() : undefined;
}

/** Downloads in a web page, and checks what came. */
async function downloadInPage(work: Workplace, urls: string[], content: Content): Promise<void> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (!pathname.endsWith(".js")) {
      return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
    }
    const headers = { "content-type": "text/javascript" };
    return new Response(work.read(`new folder${pathname}`), { headers });
  });
  const done = await withPage(
    `http://127.0.0.1:${server.addr.port}/`,
    (page) =>
      page.evaluate(async ({ urls, module }) => {
        const { Downloader, openInsecureFetch } = await import(module);
        const download = new Downloader(urls, { splitSize: 100_000 });
        const parts = [];
        for await (const part of download) parts.push(part);
        const bytes = await new Blob(parts).arrayBuffer();
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
        const refusals: unknown[] = [];
        try {
          new Downloader(urls, { proxy: "http://127.0.0.1:1" });
        } catch (error) {
          refusals.push(String(error));
        }
        await openInsecureFetch().catch((error: unknown) => refusals.push(String(error)));
        return {
          sha256: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
          refusals,
        };
      }, { urls, module: "/mod.js" }),
  );
  const runtime = "but this is a browser or another runtime; leave it out";
  assertEquals(done, {
    sha256: content.sha256(),
    refusals: [
      `TypeError: proxy needs Deno, ${runtime}`,
      `TypeError: fetch needs Deno, Node.js or Bun, ${runtime}`,
    ],
  });
}
