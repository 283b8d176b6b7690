import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseAnalyzeArguments } from "../../../lib/cli/analyze/analyze.ts";
import {
  completions,
  completionsCommand,
  MAIN_FLAGS,
  SHELLS,
  spellings,
  SUBCOMMANDS,
} from "../../../lib/cli/completions/completions.ts";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { FLAGS } from "../../../lib/cli/arguments/flags.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { type Program, programPath, testWith } from "../../support/programs/programs.ts";
import { workplace } from "../../support/workplace.ts";

/** Runs a script in a shell; a file with the completions is its first argument. */
async function inShell(shell: Program, args: string[], script = ""): Promise<string> {
  using place = workplace();
  place.write("sphttp", completions(shell as typeof SHELLS[number]));
  Deno.mkdirSync(place.at("files/a folder"), { recursive: true });
  place.write("files/a file", "");
  const { success, stdout, stderr } = await new Deno.Command(programPath(shell), {
    args: [...args, ...script === "" ? [place.at("sphttp")] : ["-c", script]],
    cwd: place.at("files"),
    env: { HOME: place.path, XDG_CONFIG_HOME: place.path, XDG_DATA_HOME: place.path },
    stdin: "null",
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "", script);
  assert(success, script);
  return new TextDecoder().decode(stdout);
}

for (const shell of SHELLS) {
  testWith([shell], `completions(): ${shell} parses them`, async () => {
    await inShell(shell, ["-n"]);
  });

  Deno.test(`completions(): those for ${shell} know every flag and subcommand`, () => {
    const script = completions(shell);
    for (const { name, alias, short } of FLAGS) {
      const words = alias === undefined ? [name] : [name, alias];
      for (const word of words) {
        assertStringIncludes(script, shell === "fish" ? `-l ${word} ` : `--${word}`);
      }
      if (short !== undefined) {
        const quoted = /\w/.test(short) ? short : `'${short}'`;
        assertStringIncludes(script, shell === "fish" ? `-s ${quoted} ` : `-${short}`);
      }
    }
    for (const { name } of SUBCOMMANDS) assertStringIncludes(script, name);
  });
}

Deno.test("completions: a flag whose help marks one of its values as the default offers it", () => {
  for (const { names, help, completion } of MAIN_FLAGS) {
    const [, byDefault] = /\[(\w+)\]/.exec(help) ?? [];
    if (byDefault === undefined) continue;
    const choices = completion.type === "choice" ? completion.choices : [];
    assert(choices.includes(byDefault), `--${names[0]} does not offer ${byDefault}`);
  }
});

/** What is typed, word by word, and what is offered. */
const OFFERED: [words: string[], offered: string[]][] = [
  [["--checks"], ["--checksum", "--checksum-file", "--checksum-from"]],
  [["--checksum-from", ""], ["auto"]],
  [[""], ["probe", "metalink", "analyze", "completions"]],
  [["pro"], ["probe"]],
  [["http://"], []],
  [["--delay", ""], ["adaptive", "normal", "diff", "inv", "static"]],
  [["http://a/f", "--duplicate", "n"], ["nibib", "none"]],
  [["-C", ""], ["-"]],
  [["-o", "a f"], ["a file", "a folder"]],
  [["--output-dir", ""], ["a folder"]],
  [["--header", ""], []],
  [["probe", "--http"], ["--http1.1", "--http2"]],
  [["probe", ""], []],
  [["probe", "--cacert", "a fi"], ["a file"]],
  [["analyze", "a"], ["a file", "a folder"]],
  [["analyze", "t", "--pl"], ["--plot"]],
  [["completions", ""], ["bash", "zsh", "fish"]],
  [["completions", "bash", ""], []],
];

testWith(["bash"], "completions(): bash completes options and values", async () => {
  const asked: typeof OFFERED = [
    ...OFFERED,
    // As bash hands over what is typed with a sign of equality.
    [["--delay", "=", "a"], ["adaptive"]],
    [["--duplicate", "="], ["nibib", "ibrc", "none"]],
    [["--output-dir", "="], ["a folder"]],
  ];
  const lines = asked.map(([words]) =>
    `COMP_WORDS=(sphttp ${words.map((word) => `'${word}'`).join(" ")})
     COMP_CWORD=${words.length}; _sphttp; (IFS='|'; echo "\${COMPREPLY[*]}")`
  );
  const output = await inShell("bash", ["--norc"], `. ../sphttp\n${lines.join("\n")}`);
  const offered = output.split("\n").slice(0, -1).map((line) => line.split("|").sort());
  for (const [index, [words, wanted]] of asked.entries()) {
    assertEquals(offered[index], wanted.length === 0 ? [""] : wanted.toSorted(), words.join(" "));
  }
});

testWith(["fish"], "completions(): fish completes options and values", async () => {
  const lines = OFFERED.map(([words]) =>
    `complete -C 'sphttp ${words.map((word) => word.replaceAll(" ", "\\\\ ")).join(" ")}'; echo END`
  );
  const output = await inShell("fish", ["--no-config"], `source ../sphttp\n${lines.join("\n")}`);
  const offered = output.split("END\n").map((lines) =>
    lines.split("\n").slice(0, -1).map((line) => line.split("\t")[0]!.replace(/\/$/, ""))
  );
  for (const [index, [words, wanted]] of OFFERED.entries()) {
    // More than one shell makes no sense, but fish does not count.
    if (words.join(" ") === "completions bash ") continue;
    const unescaped = offered[index]!.map((word) => word.replaceAll("\\ ", " "));
    assertEquals(unescaped.sort(), wanted.toSorted(), words.join(" "));
  }
});

Deno.test("completions(): analyze has the flags that it accepts", async () => {
  const analyze = SUBCOMMANDS.find(({ name }) => name === "analyze")!;
  for (const { names: [name], completion } of analyze.flags) {
    const value = completion.type === "none" ? [] : ["plot.svg"];
    await parseAnalyzeArguments(["trace", `--${name}`, ...value]);
  }
});

Deno.test("completions(): files, directories and known values come from the table of flags", () => {
  const of = (spelling: string) =>
    MAIN_FLAGS.find((flag) => spellings(flag).includes(spelling))!.completion.type;
  const kinds = ["-o", "--output-dir", "--delay", "-s", "-H"].map(of);
  assertEquals(kinds, ["file", "directory", "choice", "none", "any"]);
});

Deno.test("completionsCommand() refuses unknown shells", () => {
  const refused: [args: string[], says: string][] = [
    [[], "no shell given: sphttp completions bash|zsh|fish"],
    [["tcsh"], "unknown shell 'tcsh'; there are completions for bash, zsh, fish"],
    [["\x1b[2J"], "unknown shell '\ufffd[2J'"],
    [["bash", "zsh"], "unexpected argument 'zsh'"],
    [["--bash"], "unknown option '--bash'; try 'sphttp completions --help'"],
  ];
  for (const [args, says] of refused) {
    const error = assertThrows(() => completionsCommand(args), CommandError);
    assertEquals(error.exitCode, ExitCode.USAGE);
    assertStringIncludes(error.message, says);
  }
});

Deno.test("completionsCommand() prints to stdout", async () => {
  const url = new URL("../../../lib/cli/completions/completions.ts", import.meta.url).href;
  const map = new URL("../../../import_map.npm.json", import.meta.url).href;
  const print = async (...args: string[]) => {
    const code = `import { completionsCommand } from "${url}"; completionsCommand(Deno.args);`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", `--import-map=${map}`, code, ...args],
      stderr: "inherit",
    }).output();
    return new TextDecoder().decode(stdout);
  };
  assertEquals(await print("fish"), completions("fish"));
  const help = await print("bash", "--help");
  assertStringIncludes(help, "Usage: sphttp completions bash|zsh|fish");
  assertEquals(help.split("\n").filter((line) => line.length > 80), []);
});
