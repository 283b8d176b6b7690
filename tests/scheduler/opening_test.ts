import { assert, assertEquals } from "@std/assert";
import type { Answer } from "../../lib/scheduler/messages.ts";
import { type LiveRequest, Mirror } from "../../lib/scheduler/mirror.ts";
import { Opening, type OpeningOutcome } from "../../lib/scheduler/opening.ts";
import { Requests } from "../../lib/scheduler/requests.ts";
import { MirrorMismatchError, RangeNotSatisfiableError } from "../../lib/errors.ts";

const PROBE = 4;

/** An opening in which a test says what each mirror answers, and when. */
class Scene {
  readonly mirrors: readonly Mirror[];
  readonly requests = new Requests();
  readonly probes: readonly LiveRequest[];
  readonly opening: Opening;

  constructor(count: number, start = 0) {
    this.mirrors = Array.from({ length: count }, (_, index) => new Mirror(`http://${index}.test/`));
    this.probes = this.mirrors.map((mirror) =>
      this.requests.open({ mirror, kind: "probe", start, end: start + PROBE }, 0)
    );
    this.opening = new Opening(this.mirrors, { start });
  }

  /** A mirror answers, its first bytes come, and what can be decided is. */
  say(index: number, answer: Answer, digest?: string, now = 10): OpeningOutcome {
    const probe = this.probes[index]!;
    probe.mirror.answerMs ??= now;
    this.opening.answer(probe, answer);
    this.opening.sample(probe, digest, now);
    return this.settle(now);
  }

  settle(now: number): OpeningOutcome {
    return this.opening.settle(this.requests, now);
  }
}

function part(size?: number): Answer {
  return { type: "partial", start: 0, end: PROBE, size };
}

function whole(size?: number): Answer {
  return { type: "whole", size };
}

/** The outcome in short: size, mode, supplier; who is admitted; who is rejected; the error. */
function short({ opened, admitted, rejected, error }: OpeningOutcome): unknown {
  const names = (mirrors: readonly Mirror[]) => mirrors.map(({ url }) => url[7]).join("");
  const file = opened && `${opened.size} ${opened.mode} from ${opened.supplier.mirror.url[7]}`;
  const out = names(rejected.map(({ mirror }) => mirror));
  return [file, names(admitted), out, error?.name];
}

const NOTHING = [undefined, "", "", undefined];

Deno.test("Opening: one mirror decides by itself", () => {
  const scene = new Scene(1);
  assertEquals(short(scene.settle(5)), NOTHING);
  assertEquals(short(scene.say(0, part(30))), ["30 ranges from 0", "0", "", undefined]);
  assertEquals(scene.mirrors[0]?.service, "ranges");
  assertEquals(short(scene.settle(20)), NOTHING);
});

Deno.test("Opening: a majority that cannot change any more does not wait", () => {
  const scene = new Scene(3);
  assertEquals(short(scene.say(2, part(30))), NOTHING);
  assertEquals(short(scene.say(0, part(30))), ["30 ranges from 2", "20", "", undefined]);
});

Deno.test("Opening: slow mirrors are waited for 200 ms, or three answers of the first one", () => {
  for (const [answerMs, until] of [[10, 210], [100, 400]] as const) {
    const scene = new Scene(2);
    assertEquals(scene.opening.graceUntil, Infinity);
    scene.say(0, part(30), undefined, answerMs);
    assertEquals(scene.opening.graceUntil, until);
    assertEquals(short(scene.settle(until - 1)), NOTHING);
    assertEquals(short(scene.settle(until)), ["30 ranges from 0", "0", "", undefined]);
    assertEquals(scene.opening.graceUntil, Infinity);
  }
});

Deno.test("Opening: a mirror whose probe has failed is not waited for", () => {
  const scene = new Scene(2);
  scene.requests.close(scene.probes[1]!, false, 5);
  assertEquals(short(scene.say(0, part(30))), ["30 ranges from 0", "0", "", undefined]);
});

Deno.test("Opening: what a mirror said counts no more when its probe fails", () => {
  const scene = new Scene(2);
  scene.say(0, part(31));
  scene.requests.close(scene.probes[0]!, false, 20);
  scene.opening.forget(scene.mirrors[0]!);
  assertEquals(short(scene.say(1, part(30))), ["30 ranges from 1", "1", "", undefined]);
});

Deno.test("Opening: the minority is rejected, and told why", () => {
  const scene = new Scene(4);
  scene.say(0, part(31));
  scene.say(1, part(30), "a");
  scene.say(2, part(30), "b");
  const outcome = scene.say(3, part(30), "b");
  assertEquals(short(outcome), ["30 ranges from 2", "23", "01", undefined]);
  const [size, content] = outcome.rejected.map(({ failure }) => failure);
  assertEquals(size?.message, "http://0.test/: has 31 bytes, while most mirrors have 30");
  assertEquals(content?.message.includes("has other content of the same size"), true);
  assertEquals([size?.reason, size?.retryable], ["mismatch", false]);
});

Deno.test("Opening: a tie is an error that says what each mirror claims", () => {
  const scene = new Scene(2);
  scene.say(1, part(30));
  const { error } = scene.say(0, part(31));
  assert(error instanceof MirrorMismatchError);
  const { claims } = error as MirrorMismatchError;
  assertEquals(claims.map(({ mirror, size }) => [mirror, size]), [
    ["http://0.test/", 31],
    ["http://1.test/", 30],
  ]);
});

Deno.test("Opening: a tie waits for whoever can still break it, beyond the grace", () => {
  const scene = new Scene(3);
  scene.say(0, part(30));
  scene.say(1, part(31));
  assertEquals(short(scene.settle(1000)), NOTHING);
  const outcome = scene.say(2, part(31), undefined, 2000);
  assertEquals(short(outcome), ["31 ranges from 1", "12", "0", undefined]);
});

Deno.test("Opening: late mirrors that agree are admitted", () => {
  const scene = new Scene(2);
  scene.say(0, part(30), "a");
  scene.settle(500);
  assertEquals(short(scene.say(1, part(30), "a", 900)), [undefined, "1", "", undefined]);
  assertEquals(scene.mirrors[1]?.service, "ranges");
});

Deno.test("Opening: a late mirror that disagrees with a majority is rejected", () => {
  const scene = new Scene(3);
  scene.say(0, part(30));
  scene.say(1, part(30));
  assertEquals(short(scene.say(2, part(31))), [undefined, "", "2", undefined]);
  // Once is enough: it has been dropped by then.
  scene.mirrors[2]!.state = { type: "dropped", failure: undefined as never };
  assertEquals(short(scene.settle(30)), NOTHING);
});

Deno.test("Opening: a late mirror that leaves no majority ends the download", () => {
  for (const [answer, digest] of [[part(31), "a"], [part(30), "b"]] as const) {
    const scene = new Scene(2);
    scene.say(0, part(30), "a");
    scene.settle(500);
    const outcome = scene.say(1, answer, digest, 900);
    assertEquals(short(outcome), [undefined, "", "", "MirrorMismatchError"]);
  }
});

Deno.test("Opening: who has ranges supplies, whoever came first", () => {
  const scene = new Scene(3);
  scene.say(0, whole(30));
  const outcome = scene.say(1, part(30));
  assertEquals(short(outcome), ["30 ranges from 1", "01", "", undefined]);
  assertEquals(outcome.opened?.supplier.usable, true);
  assertEquals(scene.mirrors.map(({ service }) => service), ["whole", "ranges", "unknown"]);
  assertEquals(short(scene.say(2, whole(30))), [undefined, "2", "", undefined]);
});

Deno.test("Opening: where nobody has ranges, one of the whole answers is used", () => {
  const scene = new Scene(2);
  scene.say(0, whole(30));
  const outcome = scene.say(1, whole(30));
  assertEquals(short(outcome), ["30 whole from 0", "01", "", undefined]);
  assertEquals(outcome.opened?.supplier.usable, true);
});

Deno.test("Opening: ranges of a file of unknown size are of no use, the whole file is", () => {
  const alone = new Scene(1).say(0, part(undefined));
  assertEquals(short(alone), ["undefined whole from 0", "0", "", undefined]);
  assertEquals(alone.opened?.supplier.usable, false);
  const scene = new Scene(2);
  scene.say(0, part(undefined));
  const outcome = scene.say(1, whole());
  assertEquals(short(outcome), ["undefined whole from 1", "01", "", undefined]);
});

Deno.test("Opening: a mirror that does not tell the size is spared for those that do", () => {
  const scene = new Scene(2);
  scene.say(0, whole());
  const outcome = scene.say(1, part(30));
  assertEquals(short(outcome), ["30 ranges from 1", "01", "", undefined]);
  assertEquals(scene.mirrors.map(({ service }) => service), ["whole", "ranges"]);
});

Deno.test("Opening: a range behind the end of the file is an error with the file's size", () => {
  const unsatisfiable: Answer = { type: "unsatisfiable", size: 50 };
  for (
    const [start, answer] of [[50, unsatisfiable], [99, unsatisfiable], [50, whole(50)]] as const
  ) {
    const { error } = new Scene(1, start).say(0, answer);
    assert(error instanceof RangeNotSatisfiableError, `${start}`);
    assertEquals((error as RangeNotSatisfiableError).size, 50);
  }
  assertEquals(new Scene(1, 49).say(0, whole(50)).error, undefined);
});

Deno.test("Opening: an empty file is a file", () => {
  for (const answer of [{ type: "unsatisfiable", size: 0 }, whole(0)] as const) {
    const { opened, error } = new Scene(1).say(0, answer);
    assertEquals([opened?.size, error], [0, undefined]);
  }
});

/** Whose probe says what to ask for before the decision, and who can be asked for it. */
function early(scene: Scene, { started }: OpeningOutcome): (string | undefined)[] {
  const asked = scene.mirrors.filter(({ service }) => service === "ranges");
  const from = started && `${started.size} from ${started.request.mirror.url[7]}`;
  return [from, asked.map(({ url }) => url[7]).join("")];
}

Deno.test("Opening: the first mirror with ranges tells what to ask for before the decision", () => {
  const scene = new Scene(5);
  const first = scene.say(3, part(30), "a");
  assertEquals([short(first), early(scene, first)], [NOTHING, ["30 from 3", "3"]]);
  // Others that say the same can be asked for it, too; nobody else.
  assertEquals(early(scene, scene.say(1, part(30), "b")), [undefined, "3"]);
  assertEquals(early(scene, scene.say(0, part(31), "a")), [undefined, "3"]);
  assertEquals(early(scene, scene.say(4, part(30), "a")), [undefined, "34"]);
  const last = scene.say(2, part(30), "a");
  assertEquals(short(last), ["30 ranges from 3", "342", "10", undefined]);
  assertEquals([early(scene, last), last.discard], [[undefined, "234"], false]);
});

Deno.test("Opening: nothing is asked for before the decision by what could not be joined", () => {
  const unsatisfiable: Answer = { type: "unsatisfiable", size: 0 };
  const table = [
    [whole(30), "a"],
    [part(undefined), "a"],
    [part(30), undefined],
    [unsatisfiable, "a"],
  ] as const;
  for (const [answer, digest] of table) {
    const scene = new Scene(3);
    assertEquals(early(scene, scene.say(0, answer, digest)), [undefined, ""]);
    // Whoever answers next may do.
    assertEquals(early(scene, scene.say(1, part(30), "a"))[0], "30 from 1");
  }
});

Deno.test("Opening: what the first mirror said is discarded when others outvote it", () => {
  for (const wrong of [part(30), part(31)]) {
    const scene = new Scene(3);
    scene.say(0, wrong, "b");
    scene.say(1, part(30), "a");
    const outcome = scene.say(2, part(30), "a");
    assertEquals(short(outcome), ["30 ranges from 1", "12", "0", undefined]);
    assertEquals([outcome.discard, early(scene, outcome)], [true, [undefined, "12"]]);
  }
});

Deno.test("Opening: who followed the first mirror goes with it", () => {
  const scene = new Scene(5);
  scene.say(0, part(30), "b");
  scene.say(1, part(30), "b");
  for (const index of [2, 3]) scene.say(index, part(30), "a");
  const outcome = scene.say(4, part(30), "a");
  assertEquals(short(outcome), ["30 ranges from 2", "234", "01", undefined]);
  assertEquals([outcome.discard, early(scene, outcome)], [true, [undefined, "234"]]);
});

Deno.test("Opening: a first mirror that nobody contradicts in time was right", () => {
  const scene = new Scene(2);
  scene.say(0, part(30), "a");
  const outcome = scene.settle(210);
  assertEquals([short(outcome), outcome.discard], [
    ["30 ranges from 0", "0", "", undefined],
    false,
  ]);
});

Deno.test("Opening: a decision for the whole file discards what was asked for in ranges", () => {
  const scene = new Scene(3);
  scene.say(0, part(30), "b");
  scene.say(1, whole(30), "a");
  const outcome = scene.say(2, whole(30), "a");
  assertEquals(short(outcome), ["30 whole from 1", "12", "0", undefined]);
  assertEquals(outcome.discard, true);
});
