import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  defaultConfigPath,
  withNamedConfigs,
} from "../../../../lib/cli/arguments/configuration/configured_arguments.ts";
import { CommandError } from "../../../../lib/command_line/command_error.ts";
import { bytesContent } from "../../../support/lab/content.ts";
import { startMirror } from "../../../support/lab/mirror_lab.ts";
import { denoArguments } from "../../../support/programs/own_commands.ts";
import { type Workplace, workplace } from "../../../support/workplace.ts";

const BYTES = new Uint8Array(5000).fill(7);

/** Runs the command as a process of its own, with the workplace as the folder of configurations. */
async function run(
  place: Workplace,
  args: readonly string[],
  { env = {}, permissions, stdin = "" }: {
    readonly env?: Record<string, string>;
    readonly permissions?: readonly string[];
    readonly stdin?: string;
  } = {},
) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...denoArguments("cli.ts", permissions), ...args],
    ...{ cwd: place.path, stdin: "piped", stdout: "piped", stderr: "piped" },
    env: { NO_COLOR: "1", XDG_CONFIG_HOME: place.path, ...env },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  return { code, stdout, said: new TextDecoder().decode(stderr) };
}

function writeConfig(place: Workplace, text: string): void {
  Deno.mkdirSync(place.at("sphttp"), { recursive: true });
  place.write("sphttp/config", text);
}

Deno.test("defaultConfigPath() follows XDG, and Windows", () => {
  const path = (variables: Record<string, string>, os: typeof Deno.build.os = "linux") =>
    defaultConfigPath((name) => variables[name], os);
  assertEquals(path({ HOME: "/home/me" }), "/home/me/.config/sphttp/config");
  assertEquals(path({ HOME: "/home/me", XDG_CONFIG_HOME: "/etc/x" }), "/etc/x/sphttp/config");
  assertEquals(path({ HOME: "/h", XDG_CONFIG_HOME: "x" }), "/h/.config/sphttp/config");
  assertEquals(path({}), undefined);
  assertEquals(path({ APPDATA: "C:\\Data", HOME: "/h" }, "windows"), "C:\\Data\\sphttp\\config");
});

Deno.test("withNamedConfigs() puts options of files before those of the command line", async () => {
  using place = workplace();
  const one = place.write("one", "retry = 3\nurl = http://a/f");
  const two = place.write("two", "retry = 4");
  const args = ["-sK", one, "--retry=5", "--config", two];
  assertEquals(await withNamedConfigs(args), [
    { text: "--retry=3", place: `${one}:1` },
    { text: "http://a/f", place: `${one}:2` },
    { text: "--retry=4", place: `${two}:1` },
    ...args,
  ]);
  assertEquals(await withNamedConfigs(["-s", "http://a/f"]), ["-s", "http://a/f"]);
  // The value of another option is no option.
  assertEquals(await withNamedConfigs(["-H", "-K: x"]), ["-H", "-K: x"]);
  const large = place.write("large", "#".repeat(1024 * 1024 + 1));
  const error = await assertRejects(() => withNamedConfigs(["-K", large]), CommandError);
  assertStringIncludes(error.message, "--config: ");
});

Deno.test("the user's own file is read, overridden by the command line, and ignored by -q", async () => {
  await using mirror = await startMirror({ content: bytesContent(BYTES) });
  using place = workplace();
  writeConfig(place, `-s\noutput-dir = "${place.path}"\nuser-agent = configured\n`);
  let seen = 0;
  const agent = () => {
    const { headers } = mirror.requests[seen]!;
    seen = mirror.requests.length;
    return headers["user-agent"];
  };
  const read = await run(place, ["-O", mirror.url]);
  assertEquals([read.code, read.said, agent()], [0, "", "configured"]);
  await run(place, ["-A", "given", "-o", "g", mirror.url]);
  assertEquals(agent(), "given");
  const ignored = await run(place, ["-q", "-o", "h", mirror.url]);
  assertStringIncludes(ignored.said, "5.0 kB in ");
  assertEquals(agent()?.startsWith("sphttp/"), true);
  // The probe takes what it knows.
  const probe = await run(place, ["probe", "--json", "--time=0.01", mirror.url]);
  assertEquals(probe.code, 0, probe.said);
  assertEquals(agent(), "configured");
});

Deno.test("the command line unsets what a file has set", async () => {
  await using mirror = await startMirror({ content: bytesContent(BYTES) });
  using place = workplace();
  writeConfig(place, "silent\nno-clobber\noutput = configured\n");
  const conflict = await run(place, ["-v", mirror.url]);
  assertEquals(conflict.code, 2);
  assertStringIncludes(
    conflict.said,
    `--silent and --verbose cannot be used together: --silent is set in ${place.path}/sphttp/config:1`,
  );
  for (let time = 0; time < 2; time++) {
    const { code, said } = await run(place, ["-v", "--no-silent", "--clobber", "-of", mirror.url]);
    assertEquals(code, 0, said);
  }
  assertEquals(place.names(), ["f", "sphttp"]);
});

Deno.test("what is wrong with a value of a file names the file and the line", async () => {
  using place = workplace();
  const url = "http://127.0.0.1:9/f";
  for (
    const [line, says] of [
      ["retry = x", '--retry is "x", but must be a whole number'],
      ["header = x", '--header "x…" is not a header'],
      // What the engine checks.
      ["delay = fast", "--delay is"],
      ["invalid-block-threshold = 5", "--invalid-block-threshold is not used by"],
    ]
  ) {
    writeConfig(place, `\n${line}\n`);
    const { code, said } = await run(place, [url]);
    assertEquals(code, 2, said);
    assertStringIncludes(said.replace(/\s+/g, " "), `${place.path}/sphttp/config:2: ${says}`);
  }
  writeConfig(place, "\nconnect-timeout = x\n");
  const { code, said } = await run(place, ["probe", url]);
  assertEquals(code, 2, said);
  assertStringIncludes(said, `${place.path}/sphttp/config:2: --connect-timeout is "x"`);
});

Deno.test("a mistyped subcommand is refused beside the user's own file, too", async () => {
  using place = workplace();
  writeConfig(place, "retry = 3\n");
  const { code, said } = await run(place, ["prob", "http://127.0.0.1:9/f"]);
  assertEquals(code, 2, said);
  assertStringIncludes(said, "unknown command 'prob' (did you mean 'probe'?)");
});

Deno.test("without permission for the environment or the file, the user's own file is not read", async () => {
  await using mirror = await startMirror({ content: bytesContent(BYTES) });
  using place = workplace();
  writeConfig(place, "nonsense = 1\n");
  const net = `--allow-net=${new URL(mirror.url).host}`;
  for (const permissions of [[net], [net, "--allow-env"], [net, "--allow-read"]]) {
    const { code, stdout, said } = await run(place, ["-o", "-", mirror.url], { permissions });
    assertEquals([code, stdout], [0, BYTES], said);
  }
});

Deno.test("a file that is wrong is a usage error; help is shown all the same", async () => {
  using place = workplace();
  writeConfig(place, "retry = 3\nnonsense = 1\n");
  const wrong = await run(place, ["http://127.0.0.1:9/f"]);
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.said, `${place.path}/sphttp/config:2: unknown option 'nonsense'`);
  const help = await run(place, ["--help", "all"]);
  assertEquals(help.code, 0);
  assertStringIncludes(new TextDecoder().decode(help.stdout), "~/.config/sphttp/config");
});

Deno.test("-K - reads options from stdin", async () => {
  await using mirror = await startMirror({ content: bytesContent(BYTES) });
  using place = workplace();
  const stdin = `url = "${mirror.url}"\noutput = f\n`;
  const { code, said } = await run(place, ["-q", "-K", "-"], { stdin });
  assertEquals(code, 0, said);
  assertEquals(place.read("f"), BYTES);
});

Deno.test("stdin is read for one option only", async () => {
  using place = workplace();
  const both = "cannot be used together: both read stdin";
  const table: [args: string[], stdin: string, says: string][] = [
    [["-K", "-", "-K", "-"], "", "--config - was given twice"],
    [["-K", "-", "-i", "-"], "", `--config - and --input-file - ${both}`],
    [["-K", "-"], "input-file = -", `--config - and --input-file - ${both}`],
    [["-K", "-", "--mirror-list", "-"], "", `--config - and --mirror-list - ${both}`],
  ];
  for (const [args, stdin, says] of table) {
    const { code, said } = await run(place, ["-q", ...args], { stdin });
    assertEquals(code, 2, said);
    assertStringIncludes(said, says);
  }
});

Deno.test({
  name: "stdin that cannot be read is a usage error",
  ignore: Deno.build.os === "windows",
  async fn() {
    using place = workplace();
    for (const [flag, option] of [["-i", "--input-file"], ["-K", "--config"]] as const) {
      const { code, stderr } = await new Deno.Command("sh", {
        args: ["-c", 'exec "$@" < .', "sh", Deno.execPath(), ...denoArguments("cli.ts"), flag, "-"],
        cwd: place.path,
        env: { NO_COLOR: "1", XDG_CONFIG_HOME: place.path },
      }).output();
      const said = new TextDecoder().decode(stderr);
      assertEquals(code, 2, said);
      assertStringIncludes(said, `${option} -: cannot read stdin: it is a directory`);
    }
  },
});
