import { assertEquals } from "@std/assert";
import { MirrorHabits } from "../../lib/http/mirror_habits.ts";

Deno.test("MirrorHabits: a form that two downloads were refused is avoided, for ten minutes", () => {
  const habits = new MirrorHabits();
  const avoided = (now: number) => [...habits.avoided("http://one.test/", now)];
  habits.refused("http://one.test/", ["bounded", "open"], 0);
  assertEquals(avoided(0), []);
  habits.refused("http://one.test/", ["bounded"], 1000);
  assertEquals([avoided(1000), avoided(599_999), avoided(600_000)], [["bounded"], ["bounded"], []]);
  assertEquals(habits.avoided("http://other.test/", 1000).size, 0);
  habits.refused("http://one.test/", ["bounded"], 600_000);
  assertEquals(avoided(600_000), []);
  habits.refused("http://one.test/", ["bounded"], 600_000);
  habits.forget("http://one.test/");
  assertEquals([avoided(600_000), habits.size], [[], 0]);
});

Deno.test("MirrorHabits remembers a limited number of mirrors", () => {
  const habits = new MirrorHabits();
  for (let index = 0; index < 1000; index++) habits.refused(`http://${index}.test/`, ["open"], 0);
  assertEquals(habits.size, 256);
  habits.refused("http://999.test/", ["open"], 0);
  assertEquals([...habits.avoided("http://999.test/", 0)], ["open"]);
});

Deno.test("MirrorHabits: a wrong total is known again with the same validators only", () => {
  const habits = new MirrorHabits();
  const tag = (etag: string | undefined, lastModified?: string) => ({
    ...{ etag, lastModified, strong: etag },
  });
  const stated = { place: "http://one.test/a?b", total: 101, isEnd: false, validators: tag('"1"') };
  habits.refuted(stated, 100, 0);
  const table: [more: Partial<typeof stated>, known: boolean][] = [
    [{}, true],
    [{ validators: tag('"1"', "today") }, true],
    [{ validators: tag('"2"') }, false],
    [{ validators: tag(undefined, "today") }, false],
    [{ total: 102 }, false],
    [{ place: "http://one.test/a?c" }, false],
  ];
  for (const [more, known] of table) {
    const expected = known ? { size: 100 } : undefined;
    assertEquals(habits.sizeBehind({ ...stated, ...more }, 1), expected, JSON.stringify(more));
  }
  assertEquals(habits.sizeBehind(stated, 600_000), undefined);
  // Nothing says that it is the same file.
  const bare = { ...stated, validators: tag(undefined) };
  habits.refuted(bare, 100, 0);
  assertEquals(habits.sizeBehind(bare, 1), undefined);
  const dated = { ...stated, validators: tag(undefined, "today") };
  habits.refuted(dated, undefined, 0);
  assertEquals(habits.sizeBehind(dated, 1), { size: undefined });
  assertEquals(habits.sizeBehind({ ...stated, validators: tag(undefined, "now") }, 1), undefined);
});

Deno.test("MirrorHabits: totals that are the ends of their ranges are alike", () => {
  const habits = new MirrorHabits();
  const validators = { etag: '"1"', lastModified: undefined, strong: '"1"' };
  const stated = { place: "http://one.test/", total: 50, isEnd: true, validators };
  habits.refuted(stated, 100, 0);
  assertEquals(habits.sizeBehind({ ...stated, total: 70 }, 1), { size: 100 });
  assertEquals(habits.sizeBehind({ ...stated, total: 70, isEnd: false }, 1), undefined);
});

Deno.test("MirrorHabits: what a place does with ranges is known by its path", () => {
  const habits = new MirrorHabits();
  habits.shortened("http://one.test/a?b", 0);
  habits.refusesOpen("http://one.test/c?d", 0);
  const found = (place: string, now: number) => [
    habits.shortens(place, now),
    habits.needsEnd(place, now),
  ];
  assertEquals(found("http://one.test/a?c", 1), [true, false]);
  assertEquals(found("http://one.test/c", 1), [false, true]);
  assertEquals(found("http://one.test/b", 1), [false, false]);
  assertEquals(found("http://one.test/a?b", 600_000), [false, false]);
  assertEquals(found("http://one.test/c", 600_000), [false, false]);
});

Deno.test("MirrorHabits: a server that takes no If-Range is known by its origin", () => {
  const habits = new MirrorHabits();
  habits.refusesConditions("http://one.test/a?b", 0);
  const table = [["http://one.test/c", 1], ["http://one.test:8080/a", 1], [
    "http://one.test/",
    6e5,
  ]];
  assertEquals(
    table.map(([place, now]) => habits.isUnconditional(String(place), Number(now))),
    [true, false, false],
  );
});

Deno.test("MirrorHabits.clear() forgets everything", () => {
  const url = "https://m.example/f";
  const habits = new MirrorHabits();
  for (const _ of [1, 2]) habits.refused(url, ["open"], 0);
  habits.shortened(url, 0);
  habits.refusesOpen(url, 0);
  habits.refusesConditions(url, 0);
  const know = () => [
    ...[habits.avoided(url, 1).size, habits.shortens(url, 1)],
    ...[habits.needsEnd(url, 1), habits.isUnconditional(url, 1)],
  ];
  assertEquals(know(), [1, true, true, true]);
  habits.clear();
  assertEquals(know(), [0, false, false, false]);
});
