/**
 * Makes manual pages: roff with the macros of man(7), which groff and mandoc read.
 *
 * @module
 */

import type { Flag } from "../lib/command_line/flag_parser.ts";

/** What a manual page says. */
export interface ManPage {
  /** The name of the command. */
  readonly name: string;
  readonly version: string;
  /** What the command does, in one line. */
  readonly summary: string;
  /** The ways to call it, without its name. */
  readonly usages: readonly string[];
  /** Paragraphs. */
  readonly description: readonly string[];
  /** Flags by the titles of their groups. */
  readonly options: Readonly<Record<string, readonly Flag[]>>;
  readonly commands: readonly ManCommand[];
  readonly examples: readonly string[];
  /** Meanings of exit codes, by code. */
  readonly exitCodes: readonly Entry[];
  readonly environment: readonly Entry[];
  readonly files: readonly Entry[];
  /** Names with sections, like `curl(1)`. */
  readonly seeAlso: readonly string[];
}

/** A subcommand. */
export interface ManCommand {
  readonly usage: string;
  readonly description: string;
  readonly flags: readonly Flag[];
}

/** A term, and what it means. */
export type Entry = readonly [term: string, meaning: string];

/** Returns the source of a manual page. */
export function manPage(page: ManPage): string {
  const { name } = page;
  return [
    // Nothing is hyphenated, nor stretched to the right margin: options are copied from such pages.
    ".nr HY 0",
    `.TH ${name.toUpperCase()} 1 "" "sphttp ${page.version}" "User Commands"`,
    ".ad l",
    ...section("NAME", [text(`${name} - ${page.summary}`)]),
    ...section(
      "SYNOPSIS",
      page.usages.map((usage) => `.B ${text(name)}\n${text(usage)}`).join("\n.br\n").split("\n"),
    ),
    ...section("DESCRIPTION", page.description.flatMap((paragraph) => [".PP", text(paragraph)])),
    ...section("OPTIONS", [
      ...Object.entries(page.options).flatMap(([title, flags]) => [
        `.SS ${quoted(title)}`,
        ...flags.flatMap(flagLines),
      ]),
    ]),
    ...section(
      "COMMANDS",
      page.commands.flatMap(({ usage, description, flags }) => [
        `.SS ${quoted(`${name} ${usage}`)}`,
        text(description),
        ...flags.flatMap(flagLines),
      ]),
    ),
    ...section("EXAMPLES", page.examples.flatMap((line) => [".PP", ".EX", text(line), ".EE"])),
    ...section("EXIT STATUS", entries(page.exitCodes)),
    ...section("ENVIRONMENT", entries(page.environment)),
    ...section("FILES", entries(page.files)),
    ...section("SEE ALSO", [
      page.seeAlso.map((other) => `.BR ${other.replace("(", " (")}`).join(" ,\n"),
    ]),
  ].join("\n") + "\n";
}

/** Returns the lines of a section; none if it has no content. */
function section(title: string, content: readonly string[]): string[] {
  return content.length === 0 || content[0] === "" ? [] : [`.SH ${quoted(title)}`, ...content];
}

function flagLines({ name, alias, short, value, help }: Flag): string[] {
  const names = [
    ...short === undefined ? [] : [`-${short}`],
    ...[name, alias].filter((one) => one !== undefined).map((one) => `--${one}`),
  ];
  const spellings = names.map((one) => `\\fB${text(one)}\\fR`).join(", ");
  return [".TP", `${spellings}${value === undefined ? "" : ` \\fI${text(value)}\\fR`}`, text(help)];
}

function entries(list: readonly Entry[]): string[] {
  return list.flatMap(([term, meaning]) => [".TP", `\\fB${text(term)}\\fR`, text(meaning)]);
}

/** Escapes what roff would read as a request, an escape, or a typographic character. */
function text(line: string): string {
  return line
    .replaceAll("\\", "\\(rs")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti")
    .replaceAll("…", "\\&...")
    .replace(/^\./, "\\&.");
}

/** Returns an argument of a request. */
function quoted(argument: string): string {
  return `"${text(argument).replaceAll('"', "\\(dq")}"`;
}
