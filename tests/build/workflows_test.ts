import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../..", import.meta.url);

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

const WORKFLOWS = ["ci.yml", "release.yml"].map((name) =>
  [name, read(`.github/workflows/${name}`)] as const
);

Deno.test("workflows run tasks and tests that exist", async () => {
  const { tasks } = JSON.parse(read("deno.json"));
  for (const [name, text] of WORKFLOWS) {
    const named = [...text.matchAll(/deno task ([\w-]+)/g)].map(([, task]) => task!);
    assert(named.length > 0, name);
    assertEquals(named.filter((task) => !(task in tasks)), []);
    for (const [path] of text.matchAll(/\btests\/\w+/g)) await Deno.stat(new URL(path, ROOT));
  }
});

Deno.test("workflows use the version of Deno that the container has", () => {
  const [, version] = /^FROM denoland\/deno:(\S+)$/m.exec(read("Dockerfile"))!;
  for (const [name, text] of WORKFLOWS) {
    const named = [...text.matchAll(/deno-version: (\S+)/g)].map(([, one]) => one);
    assert(named.length > 0, name);
    assertEquals([...new Set(named)], [`v${version}`], name);
  }
});

Deno.test("jobs that publish a package may prove where it comes from", () => {
  const [, ...jobs] = read(".github/workflows/release.yml").split(/^ {2}(?=\w+:$)/m);
  const publishing = jobs.filter((job) => / publish\b/.test(job));
  assert(publishing.length > 0);
  for (const job of publishing) assert(job.includes("id-token: write"), job);
});
