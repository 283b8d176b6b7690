import { assert, assertEquals } from "@std/assert";
import { MirrorMismatchError, RangeNotSatisfiableError } from "../../../lib/errors.ts";
import {
  assertTransitions,
  differs,
  fails,
  known,
  outside,
  part,
  same,
  Scene,
  waited,
  whole,
} from "../../support/scheduler/opening_scene.ts";

assertTransitions("one mirror decides by itself", 1, [
  [waited(5), "probing"],
  [part(0, 30), "open 30 undefined", "open 30 ranges from 0", "accept 0", "admit 0r"],
  [waited(20), "open 30 undefined"],
]);

assertTransitions("an answer counts no more when its probe fails", 2, [
  [whole(0, 31), "probing"],
  [fails(0), "probing"],
  [part(1, 30), "open 30 undefined", "open 30 ranges from 1", "accept 1", "admit 1r"],
]);

assertTransitions("the minority is rejected", 4, [
  [part(0, 31), "probing"],
  [part(1, 30, "a"), "speculating on 1", "trust 1 of 30", "accept 1"],
  [part(2, 30, "b"), "speculating on 1"],
  [
    part(3, 30, "b"),
    "open 30 b",
    ...["discard", "reject 0", "reject 1", "open 30 ranges from 2", "accept 2", "admit 2r 3r"],
  ],
]);

assertTransitions("a tie fails", 2, [
  [part(1, 30), "probing"],
  [part(0, 31), "probing", "measure 1", "measure 0"],
  [part(0, 31), "probing"],
  [part(1, 30), "failed", "fail MirrorMismatchError"],
  [waited(1000), "failed"],
]);

assertTransitions("late mirrors that agree are admitted", 2, [
  [part(0, 30, "a"), "speculating on 0", "trust 0 of 30", "accept 0"],
  [waited(500), "open 30 a", "open 30 ranges from 0", "admit 0r"],
  [part(1, 30, "a"), "open 30 a", "admit 1r"],
]);

assertTransitions("a late mirror that disagrees with a majority is rejected, once", 3, [
  [part(0, 30), "probing"],
  [
    part(1, 30),
    "open 30 undefined",
    ...["open 30 ranges from 0", "accept 0", "admit 0r", "compare 1"],
  ],
  [part(2, 31), "open 30 undefined", "reject 2"],
  [waited(30), "open 30 undefined"],
]);

for (const [size, digest] of [[31, "b"], [30, "b"]] as const) {
  assertTransitions(`a late mirror that leaves no majority fails (${size} ${digest})`, 2, [
    [part(0, 30, "a"), "speculating on 0", "trust 0 of 30", "accept 0"],
    [waited(500), "open 30 a", "open 30 ranges from 0", "admit 0r"],
    [part(1, size, digest), "failed", "fail MirrorMismatchError"],
  ]);
}

assertTransitions("a mirror that serves ranges supplies the first bytes, whatever came first", 3, [
  [whole(0, 30), "probing"],
  [part(1, 30), "open 30 undefined", "open 30 ranges from 1", "accept 1", "admit 0w 1r"],
  [whole(2, 30), "open 30 undefined", "admit 2w"],
]);

assertTransitions("first bytes that were compared supply, before some that were not", 2, [
  [part(0, 30), "probing"],
  [
    part(1, 30, "a"),
    "open 30 a",
    ...["open 30 ranges from 1", "accept 1", "admit 1r", "compare 0"],
  ],
]);

assertTransitions("where no mirror serves ranges, one of the whole bodies is used", 2, [
  [whole(0, 30), "probing"],
  [whole(1, 30), "open 30 undefined", "open 30 whole from 0", "accept 0", "admit 0w 1w"],
]);

assertTransitions("ranges of a file of unknown size are of no use", 1, [
  [part(0), "open undefined undefined", "open undefined whole from 0", "admit 0w"],
]);

assertTransitions("the whole body of a file of unknown size is used", 2, [
  [part(0), "probing"],
  [
    whole(1),
    ...["open undefined undefined", "open undefined whole from 1", "accept 1", "admit 0w 1w"],
  ] as const,
]);

assertTransitions("while a file of unknown size is delivered, first bytes are compared", 3, [
  [whole(0, undefined, "a"), "probing"],
  [waited(500), "open undefined a", "open undefined whole from 0", "accept 0", "admit 0w"],
  [part(1, 30, "a"), "open undefined a", "admit 1w"],
  [whole(2, undefined, "b"), "open undefined a", "reject 2"],
]);

assertTransitions("a mirror that gives no size stands by for those that do", 2, [
  [whole(0), "probing"],
  [part(1, 30), "open 30 undefined", "open 30 ranges from 1", "accept 1", "admit 0w 1r"],
]);

assertTransitions("an empty file is a file", 1, [
  [outside(0, 0), "open 0 undefined", "open 0 ranges from 0", "accept 0", "admit 0r"],
]);

assertTransitions("an empty whole body is a file", 1, [
  [whole(0, 0), "open 0 undefined", "open 0 whole from 0", "accept 0", "admit 0w"],
]);

assertTransitions("a range behind the end of the file fails", 1, [
  [outside(0, 50), "failed", "fail RangeNotSatisfiableError"],
], { start: 99 });

assertTransitions("so does one that begins at its end, in a whole body", 1, [
  [whole(0, 50), "failed", "fail RangeNotSatisfiableError"],
], { start: 50 });

assertTransitions("the last byte of a file is a range", 1, [
  [whole(0, 50), "open 50 undefined", "open 50 whole from 0", "accept 0", "admit 0w"],
], { start: 49 });

assertTransitions("mirrors that say the same as the first one are trusted, no others", 5, [
  [part(3, 30, "a"), "speculating on 3", "trust 3 of 30", "accept 3"],
  [part(1, 30, "b"), "speculating on 3"],
  [part(0, 31, "a"), "speculating on 3"],
  [part(4, 30, "a"), "speculating on 3", "trust 4 of 30"],
  [
    part(2, 30, "a"),
    "open 30 a",
    "reject 1",
    "reject 0",
    "open 30 ranges from 3",
    "admit 3r 4r 2r",
  ],
]);

for (
  const [title, event] of [
    ["a whole body", whole(0, 30, "a")],
    ["a file of unknown size", part(0, undefined, "a")],
    ["too few first bytes", part(0, 30)],
    ["an empty file", outside(0, 0)],
  ] as const
) {
  assertTransitions(`nothing is requested on the strength of ${title}`, 3, [
    [event, "probing"],
  ]);
}

assertTransitions("the next answer may be trusted where the first one is not", 4, [
  [part(0, undefined, "a"), "probing"],
  [part(1, 30, "a"), "speculating on 1", "trust 1 of 30", "accept 1"],
]);

for (const size of [30, 31]) {
  assertTransitions(`a first answer of ${size} bytes that is outvoted is discarded`, 3, [
    [part(0, size, "b"), "speculating on 0", `trust 0 of ${size}`, "accept 0"],
    [part(1, 30, "a"), "speculating on 0"],
    [
      part(2, 30, "a"),
      "open 30 a",
      ...["discard", "reject 0", "open 30 ranges from 1", "accept 1", "admit 1r 2r"],
    ],
  ]);
}

assertTransitions("mirrors that followed an outvoted answer are rejected with it", 5, [
  [part(0, 30, "b"), "speculating on 0", "trust 0 of 30", "accept 0"],
  [part(1, 30, "b"), "speculating on 0", "trust 1 of 30"],
  [part(2, 30, "a"), "speculating on 0"],
  [part(3, 30, "a"), "speculating on 0"],
  [
    part(4, 30, "a"),
    "open 30 a",
    ...["discard", "reject 0", "reject 1", "open 30 ranges from 2", "accept 2", "admit 2r 3r 4r"],
  ],
]);

assertTransitions("a trusted mirror's answer counts though a request to it fails", 3, [
  [part(0, 30, "a"), "speculating on 0", "trust 0 of 30", "accept 0"],
  [fails(0), "speculating on 0"],
  [fails(1), "speculating on 0"],
  [fails(2), "open 30 a", "open 30 ranges from 0", "admit 0r"],
]);

assertTransitions("a decision for whole bodies discards what was requested in ranges", 3, [
  [part(0, 30, "b"), "speculating on 0", "trust 0 of 30", "accept 0"],
  [whole(1, 30, "a"), "speculating on 0"],
  [
    whole(2, 30, "a"),
    "open 30 a",
    ...["discard", "reject 0", "open 30 whole from 1", "accept 1", "admit 1w 2w"],
  ],
]);

assertTransitions("a known file is open at once, and others are compared with it", 4, [
  [known([0, 2], 30, "a"), "open 30 a", "open 30 ranges from 0", "admit 0r 2r"],
  [part(1, 30, "a"), "open 30 a", "admit 1r"],
  [part(3, 30, "b"), "open 30 a", "reject 3"],
]);

assertTransitions("a known file of other mirrors says nothing", 1, [
  [known([7], 31), "probing"],
  [part(0, 30), "open 30 undefined", "open 30 ranges from 0", "accept 0", "admit 0r"],
]);

assertTransitions("a range behind the end of a known file fails", 1, [
  [known([0], 30), "failed", "fail RangeNotSatisfiableError"],
], { start: 30 });

Deno.test("Opening: a rejection says why", () => {
  const scene = new Scene(4);
  part(0, 31)(scene);
  part(1, 30, "a")(scene);
  part(2, 30, "b")(scene);
  const steps = part(3, 30, "b")(scene);
  const errors = steps.flatMap((step) => step.type === "reject" ? [step.error] : []);
  assertEquals(errors.map(({ message }) => message), [
    "http://0.test/: has 31 bytes, while most mirrors have 30",
    "http://1.test/: has the same size as most mirrors, but different content",
  ]);
  assertEquals([errors[0]?.reason, errors[0]?.retryable], ["mismatch", false]);
});

Deno.test("Opening: a failure says what each mirror has, or how large the file is", () => {
  const scene = new Scene(2);
  whole(1, 30)(scene);
  whole(0, 31)(scene);
  const mismatch = errorOf(scene) as MirrorMismatchError;
  assert(mismatch instanceof MirrorMismatchError);
  assertEquals(mismatch.files.map(({ mirror, size }) => [mirror, size]), [
    ["http://0.test/", 31],
    ["http://1.test/", 30],
  ]);
  const late = new Scene(1, { start: 99 });
  outside(0, 50)(late);
  const outOfRange = errorOf(late) as RangeNotSatisfiableError;
  assert(outOfRange instanceof RangeNotSatisfiableError);
  assertEquals(outOfRange.size, 50);
});

function errorOf({ opening: { state } }: Scene): Error | undefined {
  return state.type === "failed" ? state.error : undefined;
}

assertTransitions("what is known outweighs a newcomer", 3, [
  [known([0], 30, "a"), "open 30 a", "open 30 ranges from 0", "admit 0r"],
  [part(1, 31, "a"), "open 30 a", "reject 1"],
  [part(2, 30, "b"), "open 30 a", "reject 2"],
]);

assertTransitions("a newcomer whose first bytes are not known has others compared", 3, [
  [known([0], 30), "open 30 undefined", "open 30 ranges from 0", "admit 0r"],
  [part(1, 30, "a"), "open 30 undefined", "compare 1"],
  [part(2, 30, "a"), "open 30 undefined", "compare 2"],
  [same(1), "open 30 undefined", "admit 1r"],
  [differs(2), "open 30 undefined", "reject 2"],
  [same(2), "open 30 undefined"],
]);

assertTransitions("two mirrors whose compared bytes differ are a tie", 2, [
  [part(0, 30), "probing"],
  [
    part(1, 30, "a"),
    "open 30 a",
    ...["open 30 ranges from 1", "accept 1", "admit 1r", "compare 0"],
  ],
  [differs(0), "failed", "fail MirrorMismatchError"],
]);
