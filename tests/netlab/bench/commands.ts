/**
 * The compared commands: sphttp of this checkout, and the installed ones of the usual tools with the
 * settings that suit them best. Each runs silently, and writes the file to stdout if it can.
 *
 * @module
 */

import { type Form, sphttp } from "../../bench/own_command.ts";
import type { Scenario } from "../scenarios.ts";
import { findExecutable } from "../../support/programs/programs.ts";

/** The input of a command. */
export interface Course {
  /** One for each mirror. */
  readonly urls: readonly string[];
  /** Rates of their links in Mbit/s. */
  readonly rates: readonly number[];
  /** An empty folder for commands that write files. */
  readonly folder: string;
  /** Path of the CA's certificate. @default the mirrors have no TLS */
  readonly cacert?: string | undefined;
}

/** A compared command. */
export interface LabCommand {
  /** Its name on the command line of the benchmark. */
  readonly name: string;
  /** Where the file goes: bytes on stdout are in order, a file has holes until the end. */
  readonly output: "stdout" | "file";
  readonly installed: boolean;
  /** Whether it is a sphttp. */
  readonly isOwn?: boolean;
  /** Reports whether it runs in a scenario, unless it is named. @default in each */
  readonly suits?: (scenario: Scenario) => boolean;
  /** Its title in the table. */
  title(mirrors: number): string;
  /** The arguments, the program first. A file is written to {@linkcode outputFile}. */
  command(course: Course): string[];
}

/** What is measured of sphttp. */
export interface OwnOptions {
  /** More flags of this checkout. */
  readonly flags: readonly string[];
  /** Folder of another checkout, which is measured, too. */
  readonly against: string | undefined;
  /** What runs of the checkouts. @default what was chosen */
  readonly from?: Form | undefined;
}

const OUTPUT_NAME = "out";

/** Returns the path of the file of a command that writes one. */
export function outputFile(folder: string): string {
  return `${folder}/${OUTPUT_NAME}`;
}

/** Names of all commands; `against` needs another checkout. */
export const COMMAND_NAMES: readonly string[] = [
  ...["sphttp", "sphttp-x8", "sphttp-each", "against", "fetch", "curl"],
  ...["aria2c-x4", "aria2c-x8", "aria2c-x16", "axel", "axel-x4"],
];

/** Returns all commands, whether installed or not. */
export function labCommands({ flags, against, from }: OwnOptions): LabCommand[] {
  const root = new URL("../../..", import.meta.url).pathname;
  return [
    own("sphttp", "sphttp", { root, flags, from }),
    {
      ...own("sphttp-x8", "sphttp, 8 connections", {
        ...{ root, from },
        flags: ["--max-connection-per-server=8", ...flags],
      }),
      suits: ({ connectionMbps }) => connectionMbps !== undefined,
    },
    {
      ...own("sphttp-each", "sphttp, each address", {
        ...{ root, from },
        flags: ["--each-address", ...flags],
      }),
      suits: ({ name }) => name !== undefined,
    },
    ...(against === undefined
      ? []
      : [own("against", "sphttp, other checkout", { root: `${against}/`, flags: [], from })]),
    {
      name: "fetch",
      output: "file",
      installed: true,
      title: () => "plain fetches, shares by rate",
      command: ({ urls, rates, folder, cacert }) => [
        ...[Deno.execPath(), "run", "-A", "--no-check", "--no-lock", "--no-config"],
        ...[new URL("plain_fetch.ts", import.meta.url).pathname, outputFile(folder)],
        ...flag("--cacert", cacert),
        ...urls.map((url, index) => `${url}=${rates[index]}`),
      ],
    },
    {
      name: "curl",
      output: "stdout",
      installed: isInstalled("curl"),
      title: (mirrors) => mirrors === 1 ? "curl" : "curl, fastest mirror",
      command: ({ urls, rates, cacert }) => [
        ...["curl", "-s"],
        ...(cacert === undefined ? [] : ["--cacert", cacert]),
        urls[rates.indexOf(Math.max(...rates))]!,
      ],
    },
    ...[4, 8, 16].map(aria2c),
    ...[1, 4].map(axel),
  ];
}

/** The command line of a checkout. */
interface Checkout {
  readonly root: string;
  readonly flags: readonly string[];
  readonly from: Form | undefined;
}

function own(name: string, title: string, { root, flags, from }: Checkout): LabCommand {
  return {
    name,
    output: "stdout",
    installed: true,
    isOwn: true,
    title: () => title,
    command: ({ urls, cacert }) => [
      ...sphttp({ root, from }),
      ...["-s", "-o", "-"],
      ...flag("--cacert", cacert),
      ...flags,
      ...urls,
    ],
  };
}

/**
 * aria2c with at most so many connections to a mirror, and as many in all, but one to each mirror at
 * least: with more, it was slower over most links.
 */
function aria2c(connections: number): LabCommand {
  const split = (mirrors: number) => Math.max(connections, mirrors);
  return {
    name: `aria2c-x${connections}`,
    output: "file",
    installed: isInstalled("aria2c"),
    title: (mirrors) => `aria2c -x${connections} -s${split(mirrors)} -k1M`,
    command: ({ urls, folder, cacert }) => [
      ...["aria2c", "-q", "--no-conf", "--file-allocation=none", "-d", folder, "-o", OUTPUT_NAME],
      ...[`-x${connections}`, `-s${split(urls.length)}`, "-k1M"],
      // The default is a minute. A timeout of axel's (-T) changed nothing where a mirror falls silent.
      ...["--timeout=5", "--connect-timeout=5"],
      ...flag("--ca-certificate", cacert),
      ...urls,
    ],
  };
}

/** axel with so many connections to each mirror. */
function axel(connections: number): LabCommand {
  return {
    name: connections === 1 ? "axel" : `axel-x${connections}`,
    output: "file",
    installed: isInstalled("axel"),
    title: (mirrors) => `axel -n ${connections * mirrors}`,
    command: ({ urls, folder, cacert }) => [
      ...["axel", "-q", "-n", String(connections * urls.length), "-o", outputFile(folder)],
      // It has no flag for a certificate.
      ...(cacert === undefined ? [] : ["-k"]),
      ...urls,
    ],
  };
}

function flag(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${name}=${value}`];
}

function isInstalled(program: string): boolean {
  return findExecutable(program) !== undefined;
}

/**
 * Runs a sphttp once without a mirror, so that its modules are in the cache: the lab has no way to a
 * registry.
 */
export async function warmUp(command: LabCommand["command"]): Promise<void> {
  const nowhere = "http://127.0.0.1:9/";
  const [program, ...args] = command({ urls: [nowhere], rates: [1], folder: "/" });
  await new Deno.Command(program!, {
    args: [...args, "--retry=0"],
    stdout: "null",
    stderr: "null",
  }).output();
}
