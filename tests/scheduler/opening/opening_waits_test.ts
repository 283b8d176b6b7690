import { assertEquals } from "@std/assert";
import {
  assertTransitions,
  drops,
  fails,
  part,
  retries,
  Scene,
  waited,
} from "../../support/scheduler/opening_scene.ts";

assertTransitions("a majority that cannot change any more does not wait", 3, [
  [part(2, 30), "probing"],
  [
    part(0, 30),
    "open 30 undefined",
    ...["open 30 ranges from 2", "accept 2", "admit 2r", "compare 0"],
  ],
]);

assertTransitions("a mirror whose probe has failed is not waited for", 2, [
  [fails(1), "probing"],
  [part(0, 30), "open 30 undefined", "open 30 ranges from 0", "accept 0", "admit 0r"],
]);

assertTransitions("the last probe that could change the outcome may fail, too", 2, [
  [part(0, 30), "probing"],
  [fails(1), "open 30 undefined", "open 30 ranges from 0", "accept 0", "admit 0r"],
]);

assertTransitions("a mirror that was dropped after its answer does not decide alone", 2, [
  [part(0, 30, "a"), "speculating on 0", "trust 0 of 30", "accept 0"],
  [drops(0), "speculating on 0"],
  [waited(1000), "speculating on 0"],
  [part(1, 30, "a"), "open 30 a", "open 30 ranges from 0", "admit 0r 1r"],
]);

assertTransitions(
  "a mirror that was dropped after its answer does not decide before one that is tried again",
  2,
  [
    [part(0, 30, "a"), "speculating on 0", "trust 0 of 30", "accept 0"],
    [drops(0), "speculating on 0"],
    [retries(1), "speculating on 0"],
    [waited(1000), "speculating on 0"],
  ],
);

assertTransitions(
  "a mirror that is tried again is not waited for where another one has the file",
  2,
  [
    [part(0, 30, "a"), "speculating on 0", "trust 0 of 30", "accept 0"],
    [retries(1), "open 30 a", "open 30 ranges from 0", "admit 0r"],
  ],
);

assertTransitions("a mirror that was dropped after its answer decides if no other one is left", 2, [
  [part(0, 30, "a"), "speculating on 0", "trust 0 of 30", "accept 0"],
  [drops(0), "speculating on 0"],
  [fails(1), "open 30 a", "open 30 ranges from 0", "admit 0r"],
]);

assertTransitions("a tie waits beyond the grace for mirrors that can still break it", 3, [
  [part(0, 30), "probing"],
  [part(1, 31), "probing"],
  [waited(1000), "probing"],
  [
    part(2, 31),
    "open 31 undefined",
    "reject 0",
    "open 31 ranges from 1",
    "accept 1",
    "admit 1r",
    "compare 2",
  ],
]);

assertTransitions("a late mirror waits for others that may outvote it", 4, [
  [part(0, 30, "a"), "speculating on 0", "trust 0 of 30", "accept 0"],
  [waited(500), "open 30 a", "open 30 ranges from 0", "admit 0r"],
  [part(1, 30, "b"), "open 30 a"],
  [part(2, 30, "a"), "open 30 a"],
  [fails(3), "open 30 a", "reject 1", "admit 2r"],
]);

Deno.test("Opening: slow mirrors are waited for 200 ms, or three answers of the first one", () => {
  for (const [answerMs, until] of [[10, 210], [100, 400]] as const) {
    const scene = new Scene(2);
    const { opening } = scene;
    assertEquals(opening.graceUntil, Infinity);
    scene.now = answerMs;
    part(0, 30)(scene);
    assertEquals(opening.graceUntil, until);
    assertEquals(waited(until - 1)(scene), []);
    assertEquals(opening.state.type, "probing");
    waited(until)(scene);
    assertEquals([opening.state.type, opening.graceUntil], ["open", Infinity]);
  }
});

Deno.test("Opening: if those that have answered are dropped, slow mirrors are waited for without end", () => {
  const scene = new Scene(2);
  scene.now = 10;
  part(0, 30, "a")(scene);
  assertEquals(scene.opening.graceUntil, 210);
  drops(0)(scene);
  assertEquals(scene.opening.graceUntil, Infinity);
});
