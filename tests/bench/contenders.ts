/**
 * The compared commands: every algorithm of sphttp, and the installed ones of the usual tools. Each
 * runs silently, and writes the file to stdout if it can.
 *
 * @module
 */

import { DelayRequestAlgorithm } from "../../mod.ts";
import { findExecutable } from "../support/programs/programs.ts";
import { staticDelaysFor } from "../support/simulator/algorithms.ts";
import type { ShapedLink } from "./link_sets.ts";
import { sphttp } from "./own_command.ts";

/** The input of a command. */
export interface Course {
  readonly urls: readonly string[];
  /** One for each URL, the fastest first. */
  readonly links: readonly ShapedLink[];
  /** An empty folder for commands that write files. */
  readonly folder: string;
}

/** A compared command. */
export interface Contender {
  /** Its name on the command line of the benchmark. */
  readonly name: string;
  /** Where the file goes: bytes on stdout are in order, a file has holes until the end. */
  readonly output: "stdout" | "file";
  readonly installed: boolean;
  /** Its title in the table. */
  title(mirrors: number): string;
  /** The arguments, the program first. A file is written to {@linkcode outputFile}. */
  command(course: Course): string[];
}

const OUTPUT_NAME = "out";

/** Returns the path of the file of a contender that writes one. */
export function outputFile(folder: string): string {
  return `${folder}/${OUTPUT_NAME}`;
}

/** All contenders, whether installed or not. */
export const CONTENDERS: readonly Contender[] = [
  ...Object.values(DelayRequestAlgorithm).map((algorithm): Contender => ({
    name: algorithm,
    output: "stdout",
    installed: true,
    title: () => `sphttp ${algorithm}`,
    command: (course) => [
      ...sphttp(),
      ...["-s", "-o", "-"],
      ...["--delay", algorithm],
      ...(algorithm === "static" ? staticFlags(course) : []),
      ...course.urls,
    ],
  })),
  tool("curl", {
    program: "curl",
    output: "stdout",
    title: () => "curl, fastest mirror",
    flags: () => ["-s"],
    mirrors: 1,
  }),
  tool("wget2", {
    program: "wget2",
    output: "stdout",
    title: () => "wget2, fastest mirror",
    flags: () => ["-q", "-O", "-"],
    mirrors: 1,
  }),
  tool("aria2c-x1", {
    program: "aria2c",
    output: "file",
    title: () => "aria2c -x1 -k1M",
    flags: ({ folder }) => [...aria2c(folder), "-x1", "-k1M"],
  }),
  tool("aria2c-x4", {
    program: "aria2c",
    output: "file",
    title: () => "aria2c -x4 -s32 -k1M inorder",
    flags: ({ folder }) => [
      ...aria2c(folder),
      ...["-x4", "-s32", "-k1M", "--stream-piece-selector=inorder"],
    ],
  }),
  tool("axel", {
    program: "axel",
    output: "file",
    title: (mirrors) => `axel -n ${mirrors}`,
    flags: ({ urls, folder }) => ["-q", "-n", String(urls.length), "-o", outputFile(folder)],
  }),
];

/** Another tool and its flags. */
interface Tool extends Pick<Contender, "output" | "title"> {
  readonly program: string;
  flags(course: Course): string[];
  /** Number of mirrors that it gets. @default all */
  readonly mirrors?: number;
}

function tool(name: string, { program, flags, mirrors, output, title }: Tool): Contender {
  return {
    name,
    output,
    installed: findExecutable(program) !== undefined,
    title,
    command: (course) => [program, ...flags(course), ...course.urls.slice(0, mirrors)],
  };
}

function aria2c(folder: string): string[] {
  return ["-q", "--file-allocation=none", "-d", folder, "-o", OUTPUT_NAME];
}

function staticFlags({ urls, links }: Course): string[] {
  return staticDelaysFor(links).flatMap((blocks, index) => [
    "--static-delay",
    `${urls[index]}=${blocks}`,
  ]);
}
