// Publishes the package by `deno publish` to a registry on loopback, and uses it from there as users of JSR do.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { serveRegistry } from "./support/jsr/registry.ts";
import { packageUser } from "./support/jsr/package_user.ts";
import { refusals } from "./support/jsr/package_files.ts";
import { stdPackages } from "./support/jsr/std_packages.ts";
import { randomContent } from "./support/lab/content.ts";
import { startMirror } from "./support/lab/mirror_lab.ts";
import { Child } from "./support/proxy/proxy_child.ts";

const ROOT = new URL("..", import.meta.url);

interface Config {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
}

const CONFIG: Config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
const NAME = `jsr:${CONFIG.name}`;

/** What users import, and a download by it. */
const PROGRAM = `
import { Downloader } from "${NAME}";
import { parseMetalink } from "${NAME}/metalink";
import { createHandler } from "${NAME}/server";
import { analyze } from "${NAME}/trace";

const downloader = new Downloader(Deno.args, { trace: true });
const size: number = (await new Response(downloader.stream()).bytes()).length;
const duplicates: number = analyze(downloader.trace()).duplicateRequests;
console.log(size, duplicates, typeof parseMetalink, typeof createHandler);
`;

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function textOf(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}

Deno.test("a user of JSR imports the library, runs, installs and compiles both commands", async (t) => {
  await using registry = serveRegistry(stdPackages(CONFIG.imports));
  using user = packageUser(registry.url);
  const content = randomContent(300_000);
  await using mirror = await startMirror({ content });
  const succeed = async (...args: Parameters<typeof user.run>) => {
    const output = await user.run(...args);
    assertEquals(output.code, 0, output.stderr);
    return output;
  };

  const isPublished = await t.step(
    "deno publish: nothing is refused, and only what users need is published",
    async () => {
      const args = ["publish", "--no-check", "--allow-dirty", "--token=none"];
      const { stderr } = await succeed(args, undefined, ROOT.pathname);
      assertStringIncludes(stderr, "Checking for slow types");
      const published = registry.packages.get(CONFIG.name)?.get(CONFIG.version);
      if (published === undefined) throw new Error(stderr);
      const roots = new Set(published.files.keys().map((path) => path.split("/")[0]!));
      const doors = Object.values(CONFIG.exports).map((path) => path.slice(2));
      const texts = ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "docs"];
      assertEquals([...roots].sort(), ["deno.json", "lib", ...doors, ...texts].sort());
      assertEquals(refusals(published), []);
      const undocumented = doors.filter((path) =>
        !/^\/\*\*\n \* \w.*\n( \*.*\n)* \* @module\n \*\/\n/.test(textOf(published.files.get(path)))
      );
      assertEquals(undocumented, []);
    },
  );
  if (!isPublished) return;

  await t.step("import", async () => {
    user.place.write("project/main.ts", PROGRAM);
    const { stdout } = await succeed(["run", "--allow-net", "main.ts", mirror.url]);
    assertEquals(stdout, "300000 0 function function\n");
  });

  const download = ["-o", "file.bin", mirror.url, mirror.url.replace("127.0.0.1", "localhost")];
  const assertDownloaded = async () => {
    const bytes = Deno.readFileSync(`${user.cwd}/file.bin`);
    assertEquals(await sha256(bytes), content.sha256());
    Deno.removeSync(`${user.cwd}/file.bin`);
  };

  await t.step("deno run …/cli", async () => {
    await succeed(["run", "-A", `${NAME}/cli`, ...download]);
    await assertDownloaded();
  });

  await t.step("deno x …/cli", async () => {
    await succeed(["x", "-A", "-y", `${NAME}/cli`, ...download]);
    await assertDownloaded();
  });

  await t.step("deno install -g …/cli", async () => {
    await succeed(["install", "-gA", "-n", "sphttp", `${NAME}/cli`]);
    await succeed(download, user.place.at("installed/bin/sphttp"));
    await assertDownloaded();
  });

  await t.step("deno run …/server", async () => {
    const args = [
      "run",
      "--allow-net",
      "--allow-read",
      `${NAME}/server`,
      "--port=0",
      "--allow-host=127.0.0.1",
    ];
    await using child = new Child(args, user.env, Deno.execPath(), user.cwd);
    child.url = await child.said(/http:[^\s]+/);
    const response = await child.ask(`/proxy?host=${mirror.url}`);
    assertEquals(await sha256(await response.bytes()), content.sha256());
    assertStringIncludes(await (await child.ask("/")).text(), "<html");
  });

  await t.step("deno serve …/serve", async () => {
    const args = ["serve", "--allow-net", "--port=0", "--host=127.0.0.1", `${NAME}/serve`];
    await using child = new Child(args, user.env, Deno.execPath(), user.cwd);
    child.url = `http://127.0.0.1:${await child.said(/port (\d+)/)}`;
    assertStringIncludes(await (await child.ask("/healthz")).text(), "ok");
  });

  await t.step("deno compile", async () => {
    await succeed(["compile", "--no-check", "-A", "-o", "sphttp", `${NAME}/cli`]);
    assertEquals(user.place.names("project"), ["main.ts", "sphttp"]);
  });

  await t.step("deno add: the lock file fits", async () => {
    await succeed(["add", NAME]);
    user.place.write(
      "project/locked.ts",
      `import { VERSION } from "${CONFIG.name}"; console.log(VERSION);`,
    );
    const { stdout } = await succeed(["run", "--frozen", "--cached-only", "locked.ts"]);
    assertEquals(stdout, `${CONFIG.version}\n`);
  });
});
