/**
 * The parsers of the command: files that a user gives, and values of flags. Each throws a `CommandError` for
 * what it does not take.
 *
 * @module
 */

import { readTrace } from "../../lib/cli/analyze/trace_reader.ts";
import { parseTimeCondition } from "../../lib/cli/arguments/conditions.ts";
import {
  parseConnectTo,
  parseHosts,
  parseResolve,
} from "../../lib/cli/arguments/values/connect_values.ts";
import { parseInputFile } from "../../lib/cli/arguments/sources/input_file.ts";
import { credentialsFor, parseNetrc } from "../../lib/cli/arguments/credentials/netrc.ts";
import {
  parseCookie,
  parseHeader,
  parseProxy,
  parseRange,
  parseStaticDelay,
  parseUser,
} from "../../lib/cli/arguments/values/request_values.ts";
import { expandUrlPattern, trimUrl } from "../../lib/cli/arguments/values/url_pattern.ts";
import { parseChecksum } from "../../lib/cli/checksum/checksum.ts";
import { findChecksum } from "../../lib/cli/checksum/checksum_file.ts";
import { parseRecord } from "../../lib/cli/part/resume_record.ts";
import { parseWriteOut } from "../../lib/cli/report/write_out.ts";
import { CommandError } from "../../lib/command_line/command_error.ts";
import {
  parseCount,
  parseNumber,
  parseRate,
  parseSeconds,
  parseSize,
} from "../../lib/command_line/values.ts";
import { MirrorBook } from "../../mod.ts";
import { hard, type Parser } from "./parser.ts";

const JSON_PIECES = ["{", "}", "[", "]", '"', ":", ",", "1", "-1", "1e999", "null", "true", "\n"];

/** Calls each parser of a flag's value; the first error of a text is not the last. */
function eachFlag(text: string): void {
  const parsers: readonly ((flag: string, text: string) => unknown)[] = [
    parseSize,
    parseRate,
    parseSeconds,
    parseCount,
    parseNumber,
    parseRange,
    parseUser,
    parseCookie,
    parseHeader,
    parseProxy,
    parseStaticDelay,
    parseResolve,
    parseConnectTo,
    parseHosts,
    parseChecksum,
    parseTimeCondition,
    parseWriteOut,
  ];
  let refused: CommandError | undefined;
  for (const parse of parsers) {
    try {
      parse("--flag", text);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      refused = error;
    }
  }
  if (refused !== undefined) throw refused;
}

/** The first line of a trace, so that random lines are read as events. */
const START = '{"type":"start","version":1,"urls":["http://a/"],"splitSize":1000,"start":0}\n';

/** Reads a trace as it comes from a pipe, in parts. */
function read(text: string): Promise<unknown> {
  const bytes = new TextEncoder().encode(text);
  const parts = Array.from(
    { length: Math.ceil(bytes.byteLength / PART) },
    (_, index) => bytes.subarray(index * PART, (index + 1) * PART),
  );
  return readTrace(ReadableStream.from(parts), "trace");
}

const PART = 1000;

function command(
  name: string,
  pieces: readonly string[],
  parse: (text: string) => unknown,
  patterns: readonly string[],
): Parser {
  return { name, pieces, parse, declares: [CommandError], hard: patterns.map(hard) };
}

export const COMMAND_PARSERS: readonly Parser[] = [
  command(
    "netrc",
    [
      "machine",
      "default",
      "login",
      "password",
      "account",
      "macdef",
      " ",
      "\n",
      '"',
      "\\",
      "#",
      "a",
    ],
    (text) => credentialsFor(parseNetrc(text), "one.example"),
    [
      "machine |a|",
      'machine "|a|',
      'machine "|a|"',
      'machine "|\\|"',
      "|\n|",
      "|# |",
      "|machine |",
      "|machine a login b |",
      "macdef a|\nx|",
      "| |",
    ],
  ),
  command(
    "URL patterns",
    [
      "http://a/",
      "{",
      "}",
      "[",
      "]",
      ",",
      "-",
      ":",
      "1",
      "9",
      "a",
      "z",
      "\\",
      "0",
      " ",
      '"',
      "%22",
    ],
    (text) => expandUrlPattern(trimUrl(text)),
    [
      "|{|",
      "{|a,|",
      "|{a,|",
      "{|\\a|,",
      "|[|",
      "|[1-|",
      "[1-| |2]",
      "|[1-1]|",
      "[0-255]|[1-1]|",
      "|{a,b}|",
      "{a,|b|}",
      "|\\{|",
      "[|0|1-2]",
      "a|\u200b|a",
      "| |a",
      "a|\u2060|",
    ],
  ),
  command(
    "lists",
    [
      "http://a/",
      " ",
      "\n",
      "\t",
      "out=",
      "dir=",
      "checksum=",
      "header=",
      "a: b",
      "#",
      "..",
      "\r",
      "/",
    ],
    (text) => parseInputFile(text, "list"),
    [
      "|\n|",
      "|http://a |",
      "|http://a\n|",
      "http://a\n| header=a: b\n|",
      "http://a\n out=|a/|b",
      "http://a\n |x|=",
      "http://a|\u200b|b",
      "| |x",
    ],
  ),
  command(
    "checksum files",
    [
      "a".repeat(32),
      "0".repeat(64),
      " ",
      "  ",
      "*",
      "\n",
      "SHA256",
      " (",
      ") = ",
      "name",
      "\\",
      "#",
      "-",
    ],
    (text) => findChecksum(text, ["name"], "SHA256SUMS"),
    [
      "|a|",
      "|\n|",
      `|${"a".repeat(64)}  x\n|`,
      "SHA256 (|)|",
      "SHA256 (|) = |",
      `${"a".repeat(8)}| |`,
      "|x|\n",
      "|- |",
      `|${"a".repeat(64)}  name\n|`,
      "f:|\n 0000|",
      "f: SHA256 = 0000|\n 0000|",
      "|a\n|",
      `${"a".repeat(8)}  |b/|`,
      "| |x",
    ],
  ),
  command(
    "traces",
    [
      ...JSON_PIECES,
      '{"type":"send","atMs":',
      '{"type":"receive",',
      '"block":',
      '"mirror":"http://a/"',
    ],
    async (text) => {
      await read(START + text);
      await read(text);
    },
    [
      "|\n|",
      "|{}\n|",
      '|{"type":"note","atMs":1}\n|',
      '{"a":"|a|',
      "|[|",
      '|{"type":"receive","atMs":1,"block":1,"mirror":"http://a/","bytes":1}\n|',
    ],
  ),
  {
    name: "records of part files",
    pieces: [
      ...JSON_PIECES,
      '"version"',
      '"size"',
      '"start"',
      '"mirrors"',
      '"pieces"',
      '"url"',
      '"crc32"',
    ],
    parse: parseRecord,
    declares: [TypeError],
    hard: [
      '{"version":1,"start":0,"mirrors":[{"url":"a"}|,{"url":"a"}|]}',
      '{"version":1,"start":0,"mirrors":[{"url":"|a|"}]}',
      '{"version":1,"start":0,"mirrors":[],"pieces":[{"start":0,"end":1,"crc32":1}|' +
      ',{"start":0,"end":1,"crc32":1}|]}',
      "|[|",
    ].map(hard),
  },
  {
    name: "mirror books",
    pieces: [
      ...JSON_PIECES,
      '"version":1',
      '"origins"',
      '"unreliable"',
      '"http://a"',
      '"bytesPerSecond"',
      '"latencyMs"',
      '"learnedAtMs"',
    ],
    parse: (text) => {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        value = text;
      }
      MirrorBook.fromJSON(value);
    },
    declares: [TypeError],
    hard: ['{"version":1,"origins":{"http://|a|":1}}', "|a|"].map(hard),
  },
  command(
    "values of flags",
    [
      "1",
      "0",
      ".",
      "K",
      "GiB",
      "-",
      ":",
      "=",
      "a",
      ",",
      "[::1]",
      "127.0.0.1",
      "443",
      "%{",
      "}",
      "\\n",
      " ",
    ],
    eachFlag,
    [
      "|1|",
      "|1|x",
      "|1.|",
      "| |x",
      "|-|",
      "|:|",
      "|[|",
      "|1-1,|",
      "|1-1,|x",
      "| -|x",
      "|%{|",
      "|\\|",
      "|0-,|",
      "a:1:|1,|",
      "sha-256=|a|",
      "2026| |x",
      "2026T|a|",
      "Jan|a|2026",
      "|2026 |Z!",
    ],
  ),
];
