import { assert, assertEquals } from "@std/assert";
import { Downloader } from "../../../mod.ts";
import {
  type Admission,
  MemoryBudget,
  ResponseMemory,
} from "../../../lib/proxy/capacity/memory_budget.ts";
import { mulberry32 } from "../../support/random.ts";

const MIB = 1024 * 1024;
const MANY = { maxDownloads: 128 };

Deno.test("MemoryBudget.admit() gives equal shares and reports changed ones", () => {
  const budget = new MemoryBudget({ ...MANY, bytes: 100, leastShare: 10, mostShare: 60 });
  const told: string[] = [];
  const admit = (name: string) => budget.admit((bytes) => told.push(`${name} ${bytes}`))!;
  const one = admit("one");
  assertEquals([one.share, told], [60, []]);
  const two = admit("two");
  assertEquals([one.share, two.share, told.splice(0)], [50, 50, ["one 50"]]);
  const three = admit("three");
  assertEquals([one.share, two.share, three.share], [33, 33, 33]);
  assertEquals(told.splice(0), ["one 33", "two 33"]);
  one[Symbol.dispose]();
  assertEquals([one.share, told.splice(0)], [0, ["two 50", "three 50"]]);
  three[Symbol.dispose]();
  assertEquals([two.share, told.splice(0)], [60, ["two 60"]]);
  one[Symbol.dispose]();
  two[Symbol.dispose]();
  assertEquals([budget.downloads, told], [0, []]);
});

Deno.test("MemoryBudget.admit() reports nothing when no share changes", () => {
  const budget = new MemoryBudget({ ...MANY, bytes: 100, leastShare: 1, mostShare: 10 });
  const told: number[] = [];
  const admissions = Array.from({ length: 10 }, () => budget.admit((bytes) => told.push(bytes))!);
  admissions.pop()![Symbol.dispose]();
  assertEquals(told, []);
});

Deno.test("MemoryBudget.admit() refuses downloads beyond the maximum", () => {
  const budget = new MemoryBudget({ bytes: 256 * MIB, maxDownloads: 2 });
  using _one = budget.admit(() => {});
  const two = budget.admit(() => {})!;
  assertEquals(budget.admit(() => {}), undefined);
  two[Symbol.dispose]();
  using three = budget.admit(() => {});
  assertEquals(three?.share, 64 * MIB);
});

Deno.test("MemoryBudget.admit() lets no share fall below the least one", () => {
  const budget = new MemoryBudget({ ...MANY, bytes: 100, leastShare: 30, mostShare: 100 });
  const told: number[] = [];
  for (let index = 0; index < 3; index++) assert(budget.admit((bytes) => told.push(bytes)));
  told.length = 0;
  assertEquals(budget.admit(() => {}), undefined);
  assertEquals([budget.downloads, told], [3, []]);
});

Deno.test("MemoryBudget: among many downloads, shares change in steps", () => {
  const budget = new MemoryBudget({ bytes: 256 * MIB, maxDownloads: 128 });
  const told: number[] = [];
  const shares = Array.from({ length: 100 }, (_, index) => {
    const { share } = budget.admit((bytes) => index === 0 && told.push(bytes))!;
    return (256 * MIB) / share;
  });
  // Up to 4 of them have the largest share.
  assertEquals(
    shares.slice(3, 18).map(Math.round),
    [...Array(13).keys()].map((n) => n + 4).concat(18, 18),
  );
  assertEquals(Math.round(shares.at(-1)!), 104);
  assertEquals(told.length, 12 + 8 + 8 + 5);
});

Deno.test("MemoryBudget: the default limits match", () => {
  const budget = new MemoryBudget({ bytes: 256 * MIB, maxDownloads: 128 });
  const admissions: Admission[] = [];
  for (let next; (next = budget.admit(() => {}));) admissions.push(next);
  assertEquals(admissions.length, 128);
  assertEquals(admissions[0]!.share, 2 * MIB);
});

Deno.test("MemoryBudget: shares stay equal and within the budget as downloads come and go", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = mulberry32(seed);
    const pick = (most: number) => 1 + Math.floor(random() * most);
    const leastShare = pick(20);
    const mostShare = leastShare + pick(200);
    const bytes = leastShare + pick(1000);
    const maxDownloads = pick(30);
    const budget = new MemoryBudget({ bytes, maxDownloads, leastShare, mostShare });
    // The share of each download, from its admission and its callbacks.
    const known = new Map<Admission, number>();
    let calls = 0;
    let changes = 0;
    const check = (before: ReadonlyMap<Admission, number>, what: string) => {
      const shares = [...known.values()];
      const sum = shares.reduce((total, share) => total + share, 0);
      assert(sum <= bytes, `${what}: ${sum} of ${bytes}`);
      assert(Math.max(...shares) - Math.min(...shares) <= 1 || shares.length === 0, what);
      assertEquals(budget.downloads, known.size, what);
      for (const [admission, share] of known) {
        assertEquals(admission.share, share, what);
        assert(share >= leastShare && share <= mostShare, `${what}: ${share}`);
        if (before.has(admission) && before.get(admission) !== share) changes++;
        // No memory is left unused, but a little among many: their shares change in steps.
        const fair = Math.min(mostShare, Math.floor(bytes / known.size));
        if (known.size <= 16) assertEquals(share, fair, what);
        else {assert(
            share <= fair && share >= Math.floor(fair * 8 / 9),
            `${what}: ${share} of ${fair}`,
          );}
      }
      assertEquals(calls, changes, what);
    };
    for (let step = 0; step < 100; step++) {
      const what = `seed ${seed}, step ${step}`;
      const before = new Map(known);
      if (random() < 0.6) {
        const admission = budget.admit((share) => {
          calls++;
          assert(known.get(admission!) !== share, what);
          known.set(admission!, share);
        });
        if (admission) known.set(admission, admission.share);
        else {
          const next = Math.floor(bytes / (known.size + 1));
          assert(known.size === maxDownloads || next < leastShare, what);
        }
      } else if (known.size > 0) {
        const gone = [...known.keys()][pick(known.size) - 1]!;
        known.delete(gone);
        gone[Symbol.dispose]();
        assertEquals(gone.share, 0, what);
      }
      check(before, what);
    }
  }
});

Deno.test("MemoryBudget: a callback may leave or admit at once", () => {
  const budget = new MemoryBudget({ ...MANY, bytes: 120, leastShare: 10, mostShare: 120 });
  const told: string[] = [];
  let admitted: Admission | undefined;
  const one = budget.admit((bytes) => {
    told.push(`one ${bytes}`);
    one[Symbol.dispose]();
  })!;
  const two = budget.admit((bytes) => {
    told.push(`two ${bytes}`);
    if (bytes === 120) admitted = budget.admit(() => {});
  })!;
  // One leaves as soon as two arrives. Two then has everything, admits another, and has half.
  assertEquals(told, ["one 60", "two 120", "two 60"]);
  assertEquals([one.share, two.share, admitted!.share], [0, 60, 60]);
});

Deno.test("ResponseMemory: windows follow the shares, also with the largest blocks", () => {
  for (
    const limits of [
      { bytes: 256 * MIB, maxDownloads: 128 },
      { bytes: 5 * MIB, maxDownloads: 128 },
      { bytes: 1024 * MIB, maxDownloads: 3 },
    ]
  ) {
    const budget = new MemoryBudget(limits);
    const downloads: Downloader[] = [];
    const most = Math.min(limits.maxDownloads, limits.bytes / (2 * MIB));
    for (let count = 1; count <= most; count++) {
      const memory = new ResponseMemory(budget);
      const { windowSize, maxSplitSize: splitSize } = memory;
      const download = new Downloader(["http://a.example/f"], { windowSize, splitSize });
      memory.assignTo(download);
      downloads.push(download);
      const most = Math.floor(Math.min(64 * MIB, limits.bytes / count) * 3 / 8);
      assert(
        windowSize <= most && windowSize >= Math.floor(most * 8 / 9),
        `${count}: ${windowSize}`,
      );
      for (const download of downloads) assertEquals(download.windowSize, windowSize);
    }
  }
});
