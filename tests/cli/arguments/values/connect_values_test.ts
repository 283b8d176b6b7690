import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  parseConnectTo,
  parseInterface,
  parseResolve,
} from "../../../../lib/cli/arguments/values/connect_values.ts";
import { CommandError } from "../../../../lib/command_line/command_error.ts";

Deno.test("parseResolve() takes what curl takes", () => {
  const table: readonly (readonly [text: string, place: string, addresses: readonly string[]])[] = [
    ["one.example:443:127.0.0.1", "one.example:443", ["127.0.0.1"]],
    ["one.example:443:127.0.0.1,::1,[::2]", "one.example:443", ["127.0.0.1", "::1", "::2"]],
    ["one.example:80:::1", "one.example:80", ["::1"]],
    ["one.example:80:[::1]", "one.example:80", ["::1"]],
    ["[::1]:80:127.0.0.1", "[::1]:80", ["127.0.0.1"]],
    ["127.0.0.1:80:::1", "127.0.0.1:80", ["::1"]],
    ["*:443:127.0.0.1", "*:443", ["127.0.0.1"]],
    // The prefix means that the entry may expire: here, none does.
    ["+one.example:443:127.0.0.1", "one.example:443", ["127.0.0.1"]],
  ];
  for (const [text, place, addresses] of table) {
    assertEquals(parseResolve("--resolve", text), [place, [...addresses]], text);
  }
});

Deno.test("parseConnectTo() takes what curl takes", () => {
  const table: readonly (readonly [text: string, from: string, to: string])[] = [
    ["one.example:443:two.example:8443", "one.example:443", "two.example:8443"],
    ["one.example:443:[::1]:8443", "one.example:443", "[::1]:8443"],
    ["[::1]:443:127.0.0.1:8443", "[::1]:443", "127.0.0.1:8443"],
    ["::two.example:", ":", "two.example:"],
    ["one.example:::8443", "one.example:", ":8443"],
    [":::", ":", ":"],
  ];
  for (const [text, from, to] of table) {
    assertEquals(parseConnectTo("--connect-to", text), [from, to], text);
  }
});

Deno.test("values that say nothing are refused, with what would be right", () => {
  const wrong = [
    [parseResolve, "one.example", "HOST:PORT:ADDRESS"],
    [parseResolve, "one.example:443", "HOST:PORT:ADDRESS"],
    [parseResolve, "one.example:0:::1", "HOST:PORT:ADDRESS"],
    [parseResolve, "one.example:70000:::1", "HOST:PORT:ADDRESS"],
    [parseResolve, "a b:443:::1", "HOST:PORT:ADDRESS"],
    [parseResolve, "-one.example:443", "HOST:PORT:ADDRESS"],
    [parseResolve, "one.example:443:two.example", "--connect-to"],
    [parseResolve, "one.example:443:127.0.0.1,", "--connect-to"],
    [parseConnectTo, "one.example:443", "HOST1:PORT1:HOST2:PORT2"],
    [parseConnectTo, "one.example:443:two.example:x", "HOST1:PORT1:HOST2:PORT2"],
    [parseConnectTo, "one.example:443:::1:80", "HOST1:PORT1:HOST2:PORT2"],
    [parseConnectTo, "one.example:443:u@two.example:80", "HOST1:PORT1:HOST2:PORT2"],
  ] as const;
  for (const [parse, text, says] of wrong) {
    const error = assertThrows(() => parse("--flag", text), CommandError);
    assertEquals(error.exitCode, 2);
    assertStringIncludes(error.message, `--flag is "${text}", but `);
    assertStringIncludes(error.message, says);
  }
});

Deno.test("parseInterface() takes an address, or the name of an interface", () => {
  const loopback = Deno.networkInterfaces().find(({ address }) => address === "127.0.0.1");
  assertEquals(parseInterface("--interface", "127.0.0.9", undefined), "127.0.0.9");
  assertEquals(parseInterface("--interface", "host!127.0.0.9", undefined), "127.0.0.9");
  assertEquals(parseInterface("--interface", "[::1]", undefined), "::1");
  assert(loopback !== undefined);
  assertEquals(parseInterface("--interface", loopback!.name, undefined), "127.0.0.1");
  assertEquals(parseInterface("--interface", `if!${loopback!.name}`, 4), "127.0.0.1");
  const error = assertThrows(() => parseInterface("--interface", "nosuch0", 4), CommandError);
  assertStringIncludes(error.message, '--interface is "nosuch0", but must be an IP address or');
});
