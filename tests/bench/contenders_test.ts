import { assert, assertEquals } from "@std/assert";
import { DelayRequestAlgorithm } from "../../mod.ts";
import { CONTENDERS, outputFile } from "./contenders.ts";
import { staticDelaysFor } from "../support/simulator/algorithms.ts";
import { LINK_SETS } from "./link_sets.ts";

const { links } = LINK_SETS[0]!;
const urls = links.map((_, index) => `http://127.0.0.1:${8000 + index}/file.bin`);
const course = { urls, links, folder: "/folder" };

Deno.test("CONTENDERS have every algorithm, and unique names", () => {
  const names = CONTENDERS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const algorithm of Object.values(DelayRequestAlgorithm)) {
    const contender = CONTENDERS.find(({ name }) => name === algorithm)!;
    const command = contender.command(course);
    assertEquals(command[command.indexOf("--delay") + 1], algorithm);
    assertEquals([contender.output, contender.installed], ["stdout", true]);
  }
});

Deno.test("CONTENDERS write to outputFile() or to stdout", () => {
  for (const { name, output, command } of CONTENDERS) {
    const args = command(course).join(" ");
    const place = name === "axel" ? `-o ${outputFile("/folder")}` : "-d /folder -o out";
    assertEquals(args.includes(place), output === "file", args);
  }
});

Deno.test("CONTENDERS that take one URL get the fastest mirror", () => {
  for (const { name, command } of CONTENDERS) {
    const given = urls.filter((url) => command(course).includes(url));
    assertEquals(given, /curl|wget2/.test(name) ? urls.slice(0, 1) : urls, name);
  }
});

Deno.test("LINK_SETS: the fastest mirror comes first", () => {
  for (const { name, links: [first, ...others] } of LINK_SETS) {
    assert(others.every(({ bytesPerSecond }) => bytesPerSecond <= first!.bytesPerSecond), name);
  }
});

Deno.test("staticDelaysFor() counts the blocks that the others deliver meanwhile", () => {
  assertEquals(staticDelaysFor(links), [0, 1, 11]);
  assertEquals(staticDelaysFor([links[0]!, links[0]!]), [0, 0]);
});
