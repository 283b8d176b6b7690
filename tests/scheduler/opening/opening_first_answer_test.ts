/** Where the first answer is delivered at once, without the agreement of others. */

import {
  assertTransitions,
  differs,
  fails,
  page,
  part,
  whole,
} from "../../support/scheduler/opening_scene.ts";
import type { Transition } from "../../support/scheduler/opening_scene.ts";

function assertFirst(title: string, count: number, transitions: readonly Transition[]): void {
  assertTransitions(`the first answer: ${title}`, count, transitions, {
    deliverAfter: "first-answer",
  });
}

const FIRST: Transition = [
  part(1, 30, "a"),
  "open 30 a",
  ...["open 30 ranges from 1", "accept 1", "admit 1r"],
];

assertFirst("it opens the file, and those that agree are admitted as they come", 3, [
  FIRST,
  [part(2, 30, "a"), "open 30 a", "admit 2r"],
  [part(0, 30, "a"), "open 30 a", "admit 0r"],
]);

assertFirst("one that disagrees is rejected, also with another size", 4, [
  FIRST,
  [part(0, 30, "b"), "open 30 a", "reject 0"],
  [part(2, 31, "c"), "open 30 a", "reject 2"],
  [part(3, 30, "a"), "open 30 a", "admit 3r"],
]);

assertFirst("more that agree on another file are an error, whatever others may say yet", 4, [
  FIRST,
  [part(0, 30, "b"), "open 30 a", "reject 0"],
  [part(2, 30, "b"), "failed", "fail MirrorMismatchError"],
]);

assertFirst("as many that agree on another file are none", 4, [
  FIRST,
  [part(0, 30, "b"), "open 30 a", "reject 0"],
  [part(2, 30, "a"), "open 30 a", "admit 2r"],
  [part(3, 30, "b"), "open 30 a", "reject 3"],
]);

assertFirst("what comes first may be the whole file, of unknown size, too", 3, [
  [
    whole(0, undefined, "a"),
    "open undefined a",
    ...["open undefined whole from 0", "accept 0", "admit 0w"],
  ],
  [whole(1, undefined, "b"), "open undefined a", "reject 1"],
  [whole(2, 30, "b"), "failed", "fail MirrorMismatchError"],
]);

assertFirst("a web page is not the first answer, nor is one that has no bytes to compare", 3, [
  [page(0, 30, "p"), "probing"],
  [part(2, 30), "probing"],
  [
    part(1, 30, "a"),
    "open 30 a",
    ...["reject 0", "open 30 ranges from 1", "accept 1", "admit 1r", "compare 2"],
  ],
  [differs(2), "open 30 a", "reject 2"],
]);

assertFirst("where no first answer can be compared, the mirrors agree as usual", 2, [
  [part(0, 30), "probing"],
  [fails(1), "open 30 undefined", "open 30 ranges from 0", "accept 0", "admit 0r"],
]);
