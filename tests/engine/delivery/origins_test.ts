import { assertEquals } from "@std/assert";
import { Origins } from "../../../lib/engine/delivery/origins.ts";
import { mulberry32 } from "../../support/random.ts";

Deno.test("Origins: adjacent bytes of one mirror are one range", () => {
  const origins = new Origins();
  origins.note(10, 20, 0);
  origins.note(20, 30, 0);
  origins.note(0, 10, 0);
  origins.note(40, 50, 1);
  origins.note(30, 40, 1);
  assertEquals(origins.extents, [{ start: 0, end: 30, mirror: 0 }, {
    start: 30,
    end: 50,
    mirror: 1,
  }]);
});

Deno.test("Origins: bytes belong to the mirror that has sent them first, until they are forgotten", () => {
  const origins = new Origins();
  origins.note(10, 20, 0);
  origins.note(0, 30, 1);
  origins.note(5, 25, 0);
  const before = [
    { start: 0, end: 10, mirror: 1 },
    { start: 10, end: 20, mirror: 0 },
  ];
  assertEquals(origins.extents, [...before, { start: 20, end: 30, mirror: 1 }]);
  origins.forget(15);
  origins.note(12, 18, 1);
  assertEquals(origins.extents, [
    { start: 0, end: 10, mirror: 1 },
    { start: 10, end: 15, mirror: 0 },
    { start: 15, end: 18, mirror: 1 },
  ]);
});

Deno.test("Origins: where there are too many ranges, nothing is known any longer", () => {
  const origins = new Origins(3);
  for (const mirror of [0, 1, 2]) origins.note(mirror, mirror + 1, mirror);
  assertEquals(origins.extents?.length, 3);
  origins.note(5, 6, 0);
  assertEquals(origins.extents, undefined);
  origins.note(0, 10, 0);
  assertEquals(origins.extents, undefined);
});

Deno.test("Origins: the same as a list of all bytes", () => {
  const random = mulberry32(7);
  const below = (limit: number) => Math.floor(random() * limit);
  const origins = new Origins();
  const bytes: (number | undefined)[] = Array(100).fill(undefined);
  for (let step = 0; step < 500; step++) {
    const start = below(100);
    if (below(20) === 0) {
      origins.forget(start);
      bytes.fill(undefined, start);
    } else {
      const end = Math.min(100, start + below(12));
      const mirror = below(3);
      origins.note(start, end, mirror);
      for (let at = start; at < end; at++) bytes[at] ??= mirror;
    }
    const found: (number | undefined)[] = Array(100).fill(undefined);
    for (const { start, end, mirror } of origins.extents!) found.fill(mirror, start, end);
    assertEquals(found, bytes);
    for (const [index, { start, mirror }] of origins.extents!.entries()) {
      const before = origins.extents![index - 1];
      assertEquals(before?.end === start && before.mirror === mirror, false);
    }
  }
});
