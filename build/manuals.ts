/**
 * The manual pages of both commands, from their tables of flags and the texts of `--help all`. As a program it writes
 * them into a folder.
 *
 * @module
 */

import { ANALYZE_FLAGS } from "../lib/cli/analyze/analyze.ts";
import { FLAG_GROUPS } from "../lib/cli/arguments/flags.ts";
import { helpText } from "../lib/cli/arguments/help.ts";
import { METALINK_FLAGS } from "../lib/cli/metalink/metalink_command.ts";
import { PROBE_FLAGS } from "../lib/cli/probe/probe_arguments.ts";
import {
  FLAG_GROUPS as PROXY_FLAG_GROUPS,
  helpText as proxyHelpText,
} from "../lib/proxy/command/flags.ts";
import { LINK_FLAGS } from "../lib/proxy/command/link.ts";
import { VERSION } from "../lib/version.ts";
import { type Entry, manPage } from "./man_page.ts";

/** Returns the exit codes that a help text lists, with their meanings. */
export function exitCodesIn(help: string): Entry[] {
  const [, list] = /^Exit codes: ([^]*)$/m.exec(help)!;
  return list!.replace(/\s+/g, " ").trim().split(/, (?=\d)/).map((item) => {
    const [, code, meaning] = /^(\d+) (.*)$/.exec(item)!;
    return [code!, meaning!];
  });
}

/** Returns the examples that a help text lists. */
export function examplesIn(help: string): string[] {
  const [, lines] = /^Examples:\n((?: .*\n)+)/m.exec(help)!;
  return lines!.trimEnd().split("\n").map((line) => line.trim());
}

const SIZES = "SIZE and RATE are in bytes; the suffixes K, M and G mean 1024, 1024^2 and 1024^3.";

/** Returns the manual page sphttp(1). */
export function commandPage(): string {
  const help = helpText(VERSION, "all");
  return manPage({
    name: "sphttp",
    version: VERSION,
    summary: "download one file from many HTTP mirrors at once, in order",
    usages: [
      "[options] URL...",
      "probe [options] URL...",
      "metalink [options] FILE URL...",
      "analyze [options] TRACE",
      "completions bash|zsh|fish",
    ],
    description: [
      "All URLs are mirrors of the same file. sphttp requests different ranges of it from each of them, and writes the " +
      "bytes in order, to a file or a pipe. Mirrors are compared by their bytes; one that has another file is dropped.",
      "A URL may contain {a,b} and [1-3]; each expansion is a mirror.",
      SIZES,
    ],
    options: FLAG_GROUPS,
    commands: [
      {
        usage: "probe",
        description: "Measures mirrors without downloading the file: which are worth using?",
        flags: PROBE_FLAGS,
      },
      {
        usage: "metalink",
        description: "Writes a Metalink 4 of FILE, or compares a file with one.",
        flags: METALINK_FLAGS,
      },
      {
        usage: "analyze",
        description: "Prints or plots the measures of a download that was recorded with --trace.",
        flags: ANALYZE_FLAGS,
      },
      {
        usage: "completions",
        description: "Prints the script with which bash, zsh or fish completes the command.",
        flags: [],
      },
    ],
    examples: examplesIn(help),
    exitCodes: exitCodesIn(help),
    environment: [
      ["HTTP_PROXY, HTTPS_PROXY, ALL_PROXY", "the proxies to use, unless --proxy names one"],
      ["NO_PROXY", "hosts that are requested without a proxy"],
      ["NO_COLOR", "if set, nothing is colored"],
      ["XDG_CONFIG_HOME", "the folder that has sphttp/config, instead of ~/.config"],
    ],
    files: [
      ["FILE.part", "what has been downloaded of FILE, and beside it what is known of it"],
      [
        "~/.config/sphttp/config",
        "options for every run, in the words of the long flags; -q ignores it",
      ],
      ["~/.netrc", "credentials by host, with --netrc"],
    ],
    seeAlso: ["sphttp-proxy(1)", "curl(1)", "aria2c(1)"],
  });
}

/** Returns the manual page sphttp-proxy(1). */
export function proxyPage(): string {
  const help = proxyHelpText(VERSION, "all");
  return manPage({
    name: "sphttp-proxy",
    version: VERSION,
    summary: "serve a file on many HTTP mirrors as one URL",
    usages: ["[options]", "link [options] URL..."],
    description: [
      "Serves GET /proxy?host=URL,URL,URL: one file from all these mirrors at once, with ranges, so that players can " +
      "seek. The page at / builds such links, plays them, and shows which mirror delivers what.",
      SIZES,
      "To listen on an address that others can reach, use --token-file, --allow-host or --open as well.",
    ],
    options: PROXY_FLAG_GROUPS,
    commands: [{ usage: "link", description: "Prints a signed link.", flags: LINK_FLAGS }],
    examples: [
      "sphttp-proxy --port 8080",
      "sphttp-proxy --host :: --token-file /etc/sphttp/token",
      "sphttp-proxy link --token-file token --expires 2h https://a.example/f.mp4 https://b.example/f.mp4",
    ],
    exitCodes: exitCodesIn(help),
    environment: [[
      "SPHTTP_TOKEN",
      "the token that clients must have, unless --token-file is given",
    ]],
    files: [],
    seeAlso: ["sphttp(1)"],
  });
}

/** Writes both pages into a folder. */
export async function writeManuals(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/sphttp.1`, commandPage());
  await Deno.writeTextFile(`${folder}/sphttp-proxy.1`, proxyPage());
}

if (import.meta.main) await writeManuals(Deno.args[0] ?? "dist");
