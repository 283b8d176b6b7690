import { assert, assertEquals } from "@std/assert";
import { divide, type LimitedDownload, SharedRate } from "../../../lib/cli/run/shared_rate.ts";
import { randomContent } from "../../support/lab/content.ts";
import { startMirror } from "../../support/lab/mirror_lab.ts";
import { runCommand } from "../../support/cli/run_command.ts";
import { workplace } from "../../support/workplace.ts";

Deno.test("divide() gives an even share, or what is demanded if that is less", () => {
  const rows: readonly (readonly [demands: readonly number[], shares: readonly number[]])[] = [
    [[], []],
    [[Infinity], [100]],
    [[Infinity, Infinity], [50, 50]],
    [[10, Infinity], [10, 90]],
    [[Infinity, 10, 20], [70, 10, 20]],
    [[Infinity, 40, Infinity, 10], [30, 30, 30, 10]],
    // What is not demanded is shared.
    [[10, 20], [45, 55]],
  ];
  for (const [demands, shares] of rows) assertEquals(divide(100, demands), [...shares]);
});

class FakeDownload implements LimitedDownload {
  maxRate: number | undefined = undefined;
  bytes = 0;
  arrived() {
    return this.bytes;
  }
}

Deno.test("SharedRate: the limits of the downloads never add up to more than the whole", () => {
  using shared = new SharedRate(1000);
  const start = performance.now();
  const [one, two, three] = [new FakeDownload(), new FakeDownload(), new FakeDownload()];
  using _one = shared.add(one);
  assertEquals(one.maxRate, 1000);
  {
    using _two = shared.add(two);
    assertEquals([one.maxRate, two.maxRate], [500, 500]);
    // A slow server: the other one gets what it does not use, and loses it as it grows.
    for (let second = 1; second <= 10; second++) {
      two.bytes += Math.min(100, two.maxRate!);
      one.bytes += one.maxRate!;
      shared.measure(start + second * 1000);
      assert(one.maxRate! + two.maxRate! <= 1000.001);
    }
    assert(one.maxRate! > 800, `${one.maxRate}`);
    for (let second = 11; second <= 20; second++) {
      two.bytes += two.maxRate!;
      one.bytes += one.maxRate!;
      shared.measure(start + second * 1000);
      assert(one.maxRate! + two.maxRate! <= 1000.001);
    }
    assertEquals([Math.round(one.maxRate!), Math.round(two.maxRate!)], [500, 500]);
  }
  assertEquals(one.maxRate, 1000);
  using _three = shared.add(three);
  assertEquals([one.maxRate, three.maxRate], [500, 500]);
});

Deno.test("--limit-rate is one limit for all files of a list", async () => {
  const content = randomContent(200_000, 3);
  await using one = await startMirror({ content });
  await using two = await startMirror({ content });
  using place = workplace();
  const list = place.write("list", `${one.url}\n out=one\n${two.url}\n out=two\n`);
  const startedAt = performance.now();
  await runCommand(["--limit-rate", "200000", "--output-dir", place.path, "-i", list]);
  const elapsedMs = performance.now() - startedAt;
  // A busy machine makes it longer; a limit for each file would take a second.
  assert(elapsedMs > 1600, `${elapsedMs}`);
  for (const name of ["one", "two"]) {
    assertEquals(place.read(name), content.read(0, content.size));
  }
});
