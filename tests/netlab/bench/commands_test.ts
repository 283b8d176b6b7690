import { assert, assertEquals } from "@std/assert";
import { COMMAND_NAMES, labCommands, outputFile } from "./commands.ts";

const URLS = ["http://10.77.1.2/1", "http://10.77.2.2/1", "http://10.77.3.2/1"];
const COURSE = { urls: URLS, rates: [50, 150, 15], folder: "/folder" };
const COMMANDS = labCommands({ flags: ["--window=64M"], against: "/other" });

function commandLine(name: string, course = COURSE): string {
  return COMMANDS.find((one) => one.name === name)!.command(course).join(" ");
}

Deno.test("labCommands() have the names of the command line", () => {
  assertEquals(COMMANDS.map(({ name }) => name), COMMAND_NAMES);
  const names = labCommands({ flags: [], against: undefined }).map(({ name }) => name);
  assertEquals(names, COMMAND_NAMES.filter((name) => name !== "against"));
});

Deno.test("labCommands() write to outputFile() or to stdout", () => {
  for (const { name, output } of COMMANDS) {
    const line = commandLine(name);
    const places = [outputFile("/folder"), "-d /folder -o out"];
    assertEquals(places.some((place) => line.includes(place)), output === "file", line);
  }
});

Deno.test("labCommands() get all mirrors, curl the fastest", () => {
  for (const { name } of COMMANDS) {
    const urls = commandLine(name).split(" ").filter((arg) => arg.startsWith("http"));
    const weighted = name === "fetch" ? urls.map((url) => url.replace(/=\d+$/, "")) : urls;
    assertEquals(weighted, name === "curl" ? [URLS[1]] : URLS, name);
  }
});

Deno.test("labCommands() with TLS trust the CA, or do not verify if they cannot", () => {
  for (const { name, command } of COMMANDS) {
    const flags = ["--cacert=/ca", "--cacert", "--ca-certificate=/ca", "-k"];
    const args = command({ ...COURSE, cacert: "/ca" });
    assertEquals(args.filter((arg) => flags.includes(arg)).length, 1, name);
  }
});

Deno.test("labCommands(): plain fetches take shares of the file by the rates of the links", () => {
  assert(
    commandLine("fetch").endsWith(URLS.map((url, i) => `${url}=${COURSE.rates[i]}`).join(" ")),
  );
});

Deno.test("labCommands(): flags are those of this checkout", () => {
  const withFlags = COMMANDS.filter(({ name }) => commandLine(name).includes("--window=64M"));
  assertEquals(withFlags.map(({ name }) => name), ["sphttp", "sphttp-x8", "sphttp-each"]);
  assertEquals(commandLine("against").includes("/other/dist/sphttp.js"), true);
});

Deno.test("labCommands(): numbers of connections", () => {
  const course = { ...COURSE, urls: [...URLS, ...URLS] };
  assertEquals(/-x\d+ -s\d+/.exec(commandLine("aria2c-x4", course))?.[0], "-x4 -s6");
  assertEquals(/-x\d+ -s\d+/.exec(commandLine("aria2c-x16", course))?.[0], "-x16 -s16");
  assertEquals(/-n \d+/.exec(commandLine("axel", course))?.[0], "-n 6");
  assertEquals(/-n \d+/.exec(commandLine("axel-x4", course))?.[0], "-n 24");
});
