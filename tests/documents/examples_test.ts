import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bytesContent, randomContent } from "../support/lab/content.ts";
import { startMirror } from "../support/lab/mirror_lab.ts";
import { testWith } from "../support/programs/programs.ts";
import { type Workplace, workplace } from "../support/workplace.ts";
import { type CodeBlock, codeBlocks, readPages, ROOT } from "./page.ts";

/** Commands that are not run here, and why. */
const ELSEWHERE: readonly (readonly [command: RegExp, why: string])[] = [
  [/^npx -y deno task (demo|test)$/, "the demo takes ten seconds; the tests are running"],
  [/^deno task (test|simulate)\b/, "the same"],
  [
    /^(docker|install|systemctl|deno task compile) /,
    "the operator's machine; tests/proxy/operations",
  ],
  [/^mpv /, "a window; tests/proxy plays with ffmpeg and Chromium what curl fetches here"],
  [/^deno run --allow-net --allow-read --deny-net=/, "tests/proxy/command/serve_test.ts"],
];

/** How the commands of the pages begin, and what runs them from here, without a registry. */
function runsHere(line: string): string {
  const map = new URL("import_map.npm.json", ROOT).pathname;
  const run = (entry: string) =>
    `"${Deno.execPath()}" run -Aq --no-check "--import-map=${map}" "${
      new URL(entry, ROOT).pathname
    }"`;
  return line
    .replace(/^(npx -y )?deno task sphttp|^deno run -A jsr:@x\/sphttp\/cli/, run("cli.ts"))
    .replace(/^deno task proxy|^deno run -A jsr:@x\/sphttp\/server/, run("server.ts"));
}

/** The command lines of the pages, with lines that go on joined. */
function commandLines(): { page: string; line: string }[] {
  return readPages().flatMap(codeBlocks).filter(({ language }) => language === "sh")
    .flatMap(({ page, code }) =>
      code.replace(/\\\n\s*/g, "").trim().split("\n").map((line) => ({ page, line: line.trim() }))
    );
}

async function bash(place: Workplace, script: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `set -eo pipefail\n${script}`],
    cwd: place.path,
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr);
  assertEquals(code, 0, `${script}\n${said}`);
  return new TextDecoder().decode(stdout);
}

/** A gzipped archive of one file, as the pages' pipe into tar needs it. */
async function archive(content: Uint8Array): Promise<Uint8Array> {
  using place = workplace();
  place.write("film.bin", content);
  await bash(place, "tar czf film.tar.gz film.bin");
  return place.read("film.tar.gz");
}

testWith(
  ["bash", "curl"],
  "pages: every command line runs, or is held by other tests",
  async () => {
    using place = workplace();
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const packed = await archive(bytes);
    const mirror = { content: bytesContent(packed), path: "/film.tar.gz" };
    await using one = await startMirror(mirror);
    await using two = await startMirror(mirror);
    place.write("token", "0123456789abcdef0123456789abcdef");
    const urls = [one.url, two.url];
    const filled = (line: string) => {
      let index = 0;
      const token = line.includes("--token-file FILE");
      return line.replace(/\bURL\b/g, () => urls[index++ % 2]!)
        .replace(/\bFILE\b/g, token ? "token" : "out.bin");
    };
    let proxy: Deno.ChildProcess | undefined;
    let ran = 0;
    for (const { page, line } of commandLines()) {
      if (ELSEWHERE.some(([command]) => command.test(line))) continue;
      const script = runsHere(filled(line));
      assert(script !== filled(line) || /^curl /.test(line), `${page}: no test runs: ${line}`);
      ran++;
      if (/server\.ts"$/.test(script)) {
        // Both pages start it in the same way.
        if (proxy !== undefined) continue;
        proxy = new Deno.Command("bash", {
          args: ["-c", `exec ${script} --port 0 --allow-private`],
          stderr: "piped",
          stdout: "null",
        }).spawn();
        const reader = proxy.stderr.getReader();
        const { value } = await reader.read();
        reader.releaseLock();
        const [, address] = /(http:\/\/127\.0\.0\.1:\d+)/.exec(new TextDecoder().decode(value))!;
        place.write("address", address!);
        continue;
      }
      const port = script.replace("http://127.0.0.1:8080", proxy ? place.readText("address") : "");
      const out = await bash(place, port);
      if (/ link /.test(line)) {
        assertStringIncludes(out, "https://proxy.example/proxy/film.tar.gz?");
      } else if (/tar xz$/.test(line)) assertEquals(place.read("film.bin"), bytes);
      else if (/-o FILE|-fo FILE/.test(line)) assertEquals(place.read("out.bin"), packed, line);
      else if (/--plot/.test(line)) assertStringIncludes(place.readText("trace.html"), "<svg");
      else assertStringIncludes(out, "invalid blocks");
    }
    assert(ran >= 9, `${ran}`);
    proxy!.kill();
    await proxy!.stderr.cancel();
    await proxy!.status;
  },
);

/** The blocks of TypeScript of all pages. */
function programs(): CodeBlock[] {
  return readPages().flatMap(codeBlocks).filter(({ language }) => language === "ts");
}

Deno.test("pages: every example in TypeScript runs", async () => {
  using place = workplace();
  const content = randomContent(200_000);
  await using one = await startMirror({ content });
  await using two = await startMirror({ content });
  const { exports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const all = programs();
  assert(all.length >= 5, `${all.length}`);
  const { log } = console;
  for (const [index, { page, code }] of all.entries()) {
    const local = code
      .replace("https://one.example/file.iso", one.url)
      .replace("https://two.example/file.iso", two.url)
      .replace(/from "@x\/sphttp(\/\w+)?"/g, (_, entry = "") => {
        const target = exports[`.${entry}`];
        assert(target !== undefined, `${page}: @x/sphttp${entry}`);
        return `from "${new URL(target, ROOT).href}"`;
      });
    const file = place.write(`example${index}.ts`, local);
    const before = one.requests.length + two.requests.length;
    console.log = () => {};
    try {
      await import(`file://${file}`);
    } finally {
      console.log = log;
    }
    const asked = one.requests.length + two.requests.length - before;
    assert(asked > 0 || !code.includes("for await"), `${page}: an example asked for nothing`);
  }
});
