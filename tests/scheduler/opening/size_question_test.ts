import { assertEquals } from "@std/assert";
import {
  assertTransitions,
  fails,
  part,
  Scene,
  waited,
  whole,
} from "../../support/scheduler/opening_scene.ts";

assertTransitions("sizes that differ are verified, and a wrong one is corrected", 2, [
  [part(0, 31, "a"), "speculating on 0", "trust 0 of 31", "accept 0"],
  [part(1, 30, "a"), "probing", "discard", "measure 0", "measure 1"],
  [waited(5000), "probing"],
  [part(1, 30, "a"), "probing"],
  [
    part(0, 30, "a"),
    "open 30 a",
    ...["open 30 ranges from 1", "accept 1", "admit 1r 0r"],
  ],
]);

assertTransitions("a mirror whose size turns out to be wrong, and unknown, has no vote", 2, [
  [part(0, 31, "a"), "speculating on 0", "trust 0 of 31", "accept 0"],
  [part(1, 30, "a"), "probing", "discard", "measure 0", "measure 1"],
  [part(0, undefined, "a"), "probing"],
  [
    part(1, 30, "a"),
    "open 30 a",
    ...["open 30 ranges from 1", "accept 1", "admit 0w 1r"],
  ],
]);

assertTransitions("sizes that are verified, and differ, are a tie", 2, [
  [part(0, 31), "probing"],
  [part(1, 30), "probing", "measure 0", "measure 1"],
  [part(1, 30), "probing"],
  [part(0, 31), "failed", "fail MirrorMismatchError"],
]);

assertTransitions("mirrors with other first bytes have another file, whatever its size", 2, [
  [part(0, 31, "a"), "speculating on 0", "trust 0 of 31", "accept 0"],
  [part(1, 30, "b"), "failed", "fail MirrorMismatchError"],
]);

assertTransitions("the length of a whole file is not verified, but the total of a part is", 2, [
  [part(0, 31, "a"), "speculating on 0", "trust 0 of 31", "accept 0"],
  [whole(1, 30, "a"), "probing", "discard", "measure 0"],
  [
    part(0, 30, "a"),
    "open 30 a",
    ...["open 30 ranges from 0", "accept 0", "admit 1w 0r"],
  ],
]);

assertTransitions("what a mirror said first stands where it cannot be verified", 2, [
  [part(0, 31, "a"), "speculating on 0", "trust 0 of 31", "accept 0"],
  [part(1, 30, "a"), "probing", "discard", "measure 0", "measure 1"],
  [fails(0), "probing"],
  [part(1, 30, "a"), "failed", "fail MirrorMismatchError"],
]);

assertTransitions("a majority of sizes is not questioned", 3, [
  [part(0, 31, "a"), "speculating on 0", "trust 0 of 31", "accept 0"],
  [part(1, 30, "a"), "speculating on 0"],
  [
    part(2, 31, "a"),
    "open 31 a",
    ...["reject 1", "open 31 ranges from 0", "admit 0r 2r"],
  ],
]);

assertTransitions("a late mirror whose size differs is measured, and may have the file", 2, [
  [part(0, 30, "a"), "speculating on 0", "trust 0 of 30", "accept 0"],
  [waited(500), "open 30 a", "open 30 ranges from 0", "admit 0r"],
  [part(1, 31, "a"), "open 30 a", "measure 1"],
  [part(1, 30, "a"), "open 30 a", "admit 1r"],
]);

assertTransitions("a late mirror whose size differs indeed is a tie", 2, [
  [part(0, 30, "a"), "speculating on 0", "trust 0 of 30", "accept 0"],
  [waited(500), "open 30 a", "open 30 ranges from 0", "admit 0r"],
  [part(1, 31, "a"), "open 30 a", "measure 1"],
  [part(1, 31, "a"), "failed", "fail MirrorMismatchError"],
]);

Deno.test("Opening.isMeasured() is for the mirrors that have yet to answer again", () => {
  const scene = new Scene(2);
  const measured = () => scene.mirrors.map((mirror) => scene.opening.isMeasured(mirror));
  part(0, 31)(scene);
  assertEquals(measured(), [false, false]);
  part(1, 30)(scene);
  assertEquals(measured(), [true, true]);
  part(1, 30)(scene);
  assertEquals(measured(), [true, false]);
  part(0, 30)(scene);
  assertEquals(measured(), [false, false]);
});
