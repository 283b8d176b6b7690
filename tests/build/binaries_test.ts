import { assert, assertEquals } from "@std/assert";
import { compileArguments, pack, sumsText, type Target } from "../../build/binaries.ts";
import { buildBundles } from "../../build/bundle.ts";
import { filesOfArchive } from "../support/tar.ts";
import { workplace } from "../support/workplace.ts";

Deno.test("compileArguments() keeps the permissions of the task", () => {
  const task = "deno run --import-map=map.json --allow-net --allow-env=A,B cli.ts";
  assertEquals(compileArguments(task, "a.js", "x86_64-pc-windows-msvc", "out.exe").slice(4), [
    ...["--target=x86_64-pc-windows-msvc", "-o", "out.exe"],
    ...["--allow-net", "--allow-env=A,B", "a.js"],
  ]);
});

Deno.test("sumsText() has a line for each file, as sha256sum -c reads it", () => {
  assertEquals(sumsText(new Map([["b", "22"], ["a", "11"]])), "11  a\n22  b\n");
});

Deno.test({
  name: "pack() makes an archive with both programs, completions and manual pages",
  // Elsewhere no small program stands in for Deno's runtime.
  ignore: Deno.build.os !== "linux",
  async fn() {
    using place = workplace();
    const target = Deno.build.target as Target;
    const before = Deno.env.get("DENORT_BIN");
    Deno.env.set("DENORT_BIN", Deno.realPathSync("/bin/true"));
    try {
      await buildBundles(place.at("bundles"));
      const archive = await pack(target, place.at("bundles"), place.path);
      const files = await filesOfArchive(await Deno.readFile(archive));
      const folder = archive.split("/").at(-1)!.replace(/\.tar\.gz$/, "");
      assertEquals([...files.keys()].map((path) => path.replace(`${folder}/`, "")).sort(), [
        ...[
          "LICENSE",
          "NOTICES.txt",
          "README.md",
          "completions/sphttp.bash",
          "completions/sphttp.fish",
        ],
        ...[
          "completions/sphttp.zsh",
          "man/sphttp-proxy.1",
          "man/sphttp.1",
          "sphttp",
          "sphttp-proxy",
        ],
      ]);
      for (const program of ["sphttp", "sphttp-proxy"]) {
        assert(files.get(`${folder}/${program}`)!.length > 500_000, program);
      }
      assertEquals(place.names(), ["bundles", `${folder}.tar.gz`]);
    } finally {
      if (before === undefined) Deno.env.delete("DENORT_BIN");
      else Deno.env.set("DENORT_BIN", before);
    }
  },
});
