import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ExitCode } from "../../../../lib/cli/failure/exit_code.ts";
import {
  credentialsFor,
  type NetrcEntry,
  netrcPath,
  parseNetrc,
} from "../../../../lib/cli/arguments/credentials/netrc.ts";
import { CommandError } from "../../../../lib/command_line/command_error.ts";

const ONE = { machine: "a.example", login: "me", password: "pw" };

const READ: [text: string, entries: NetrcEntry[]][] = [
  ["", []],
  [" \n\t\r\n", []],
  ["machine a.example login me password pw", [ONE]],
  ["machine a.example\n  login me\n  password pw\n", [ONE]],
  ["machine\r\na.example\r\nlogin\r\nme\r\npassword\r\npw\r\n", [ONE]],
  ["MACHINE a.example Login me PASSWORD pw", [ONE]],
  ["\ufeffmachine a.example login me password pw", [ONE]],
  ["machine a.example password pw login me account x", [{ ...ONE, account: "x" }]],
  ["machine b.example", [{ machine: "b.example" }]],
  ["machine a login login password machine", [
    { machine: "a", login: "login", password: "machine" },
  ]],
  ["default login anonymous password me@home", [
    { machine: undefined, login: "anonymous", password: "me@home" },
  ]],
  ["# a comment: machine x\nmachine a.example # login you\nlogin me password pw", [ONE]],
  ["machine a.example login me password #pw", [{ ...ONE, password: "#pw" }]],
  ["machine a.example login\n# a comment\nme password pw", [ONE]],
  ['machine a.example login "me" password "p w\\"\\\\\\n\\t\\r\\x"', [
    { ...ONE, password: 'p w"\\\n\t\rx' },
  ]],
  ['machine a.example login me password ""', [{ ...ONE, password: "" }]],
  ['machine a.example login me password p"w', [{ ...ONE, password: 'p"w' }]],
  ["machine a.example login me port 21 password pw", [ONE]],
  ["login me password pw machine b.example", [{ machine: "b.example" }]],
  ["machine a.example login me\nmacdef init\nmachine x login y\n\npassword pw", [ONE]],
  ["macdef init\ncd /\n \t\nmachine a.example login me password pw", [ONE]],
  ["machine a.example login me password pw\nmacdef init\nmachine x", [ONE]],
  ["nonsense ∂ß\0 <html>", []],
];

Deno.test("parseNetrc() parses what curl accepts", () => {
  for (const [text, entries] of READ) assertEquals(parseNetrc(text), entries, text);
});

const REFUSED: [text: string, says: string][] = [
  ['machine h\nlogin me password "hunter2\nmachine x', "line 2: missing closing quote"],
  ['machine h password "hunter2\\', "line 1: missing closing quote"],
  ["machine h login hunter2\npassword\n", 'line 2: "password" has no value'],
  ["machine", 'line 1: "machine" has no value'],
];

Deno.test("parseNetrc() names the invalid line, and quotes nothing of it", () => {
  for (const [text, says] of REFUSED) {
    const error = assertThrows(() => parseNetrc(text), CommandError);
    assertEquals(error.exitCode, ExitCode.USAGE);
    assertStringIncludes(error.message, says);
    assertEquals(error.message.includes("hunter2"), false);
  }
});

const ENTRIES = parseNetrc(`
machine empty.example
machine a.example login one password 1
machine a.example login two password 2
default login any password 0
machine ::1 login six password 6
machine B.example. password only
`);

const FOUND: [host: string, password: string | undefined][] = [
  ["a.example", "1"],
  ["A.Example.", "1"],
  ["b.example", "only"],
  ["[::1]", "6"],
  ["empty.example", "0"],
  ["sub.a.example", "0"],
  ["", "0"],
];

Deno.test("credentialsFor() prefers the host's entry to the default", () => {
  for (const [host, password] of FOUND) {
    assertEquals(credentialsFor(ENTRIES, host)?.password, password, host);
  }
  assertEquals(credentialsFor([], "a.example"), undefined);
  assertEquals(credentialsFor(parseNetrc("default"), "a.example"), undefined);
});

const PATHS: [env: Record<string, string>, os: string, path: string | undefined][] = [
  [{ NETRC: "/x", HOME: "/home/me" }, "linux", "/x"],
  [{ HOME: "/home/me" }, "linux", "/home/me/.netrc"],
  [{ HOME: "/" }, "darwin", "/.netrc"],
  [{ NETRC: "", HOME: "/home/you" }, "linux", "/home/you/.netrc"],
  [{ USERPROFILE: "C:\\Users\\me" }, "linux", undefined],
  [{ USERPROFILE: "C:\\Users\\me" }, "windows", "C:\\Users\\me\\_netrc"],
  [{ HOME: "D:\\", USERPROFILE: "C:\\Users\\me" }, "windows", "D:\\_netrc"],
  [{}, "windows", undefined],
  [{}, "linux", undefined],
];

Deno.test("netrcPath() returns the path that curl uses", () => {
  for (const [env, os, path] of PATHS) assertEquals(netrcPath((name) => env[name], os), path);
});
