import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { FileChangedError, MirrorMismatchError, NoMirrorLeftError } from "../../../lib/errors.ts";
import { Identity } from "../../../lib/scheduler/identity/identity.ts";
import { type Landmarks, NO_LANDMARKS } from "../../../lib/scheduler/identity/pieces.ts";
import type { Proof } from "../../../lib/scheduler/messages.ts";
import { Mirror } from "../../../lib/scheduler/mirror/mirror.ts";
import type { SimulatedMirror } from "../../support/simulator/mirror.ts";
import type { Simulation, SimulationOptions } from "../../support/simulator/simulation.ts";
import { simulate } from "../../support/simulator/simulator.ts";

/** Returns landmarks of 1 KiB, one in each 16 KiB of `size` bytes. */
function landmarks(size: number, given: Landmarks["given"] = []): Landmarks {
  const learned = Array.from({ length: Math.ceil(size / 16384) }, (_, index) => ({
    start: index * 16384,
    end: index * 16384 + 1024,
  }));
  return { ...NO_LANDMARKS, given, learned, latest: learned.at(-1), has: () => true };
}

/** An identity, and one mirror that has every piece. */
function scene(known: Landmarks, random = () => 0.5) {
  const mirror = new Mirror("http://one.test/");
  const identity = new Identity([mirror], known, random);
  const pass = (fresh: boolean) => {
    const pieces = [];
    for (;;) {
      const piece = identity.next(mirror);
      if (piece === undefined) return { pieces, verdict: undefined };
      pieces.push(piece.start);
      const verdict = identity.compared(mirror, piece, { differsAt: undefined, fresh });
      if (verdict.type !== "open") return { pieces, verdict };
    }
  };
  return { mirror, identity, pass };
}

/** Number of the next request. */
let id = 1;

/** Delivers bytes of a new request. */
function use(
  { mirror, identity }: Pick<ReturnType<typeof scene>, "mirror" | "identity">,
  bytes: number,
  proof: Proof,
): void {
  mirror.received(bytes, 0);
  identity.used({ id: id++, mirror }, bytes, proof);
}

const DOUBT = 'its ETag was "a" and is "b"';

Deno.test("Identity: a doubt is answered by the first, the latest and a random piece", () => {
  const { mirror, identity, pass } = scene(landmarks(200_000));
  identity.ask(mirror, "doubt", DOUBT);
  assertEquals([mirror.questioned, mirror.available, mirror.idle], [true, false, false]);
  const { pieces, verdict } = pass(true);
  assertEquals(pieces, [0, 196_608, 98_304]);
  assertEquals(verdict, { type: "passed", unreliable: false });
  assertEquals([mirror.questioned, identity.isOpen(mirror)], [false, false]);
});

Deno.test("Identity: more pieces are compared of a larger file, for less than 0.1 % of it and a few", () => {
  const { mirror, identity, pass } = scene(landmarks(6_000_000));
  identity.ask(mirror, "doubt", DOUBT);
  assertEquals(pass(true).pieces.length, 2 + 5);
});

Deno.test("Identity: a second contradiction makes validators unreliable", () => {
  const { mirror, identity, pass } = scene(landmarks(200_000));
  identity.ask(mirror, "doubt", DOUBT);
  pass(true);
  identity.ask(mirror, "doubt", DOUBT);
  assertEquals(pass(true).verdict, { type: "passed", unreliable: true });
});

Deno.test("Identity: checks that show known validators only go on, up to eight of them", () => {
  const { mirror, identity, pass } = scene(landmarks(200_000));
  identity.ask(mirror, "doubt", DOUBT);
  const { pieces, verdict } = pass(false);
  assertEquals([pieces.length, verdict?.type], [8, "passed"]);
});

Deno.test("Identity: a check that was cancelled is repeated", () => {
  const { mirror, identity } = scene(landmarks(20_000));
  identity.ask(mirror, "doubt", DOUBT);
  const [first, second] = [identity.next(mirror), identity.next(mirror)];
  assertEquals([first!.start, second!.start], [0, 16_384]);
  assertEquals(identity.next(mirror)!.start, 0);
});

Deno.test("Identity: a piece that was forgotten before it could be asked for is replaced", () => {
  let known = landmarks(200_000);
  const { mirror, identity, pass } = scene({
    ...known,
    get learned() {
      return known.learned;
    },
    get latest() {
      return known.latest;
    },
    has: ({ start }) => known.learned.some((piece) => piece.start === start),
  });
  identity.ask(mirror, "doubt", DOUBT);
  known = { ...known, learned: [known.learned[3]!], latest: undefined };
  const { pieces, verdict } = pass(true);
  assertEquals([pieces, verdict?.type], [[3 * 16_384], "passed"]);
});

Deno.test("Identity: a difference names the contradiction, the byte, and whether bytes were used", () => {
  for (
    const [proof, purpose, used] of [
      ["validators", "doubt", false],
      ["hints", "doubt", false],
      ["pieces", "doubt", true],
      ["validators", "last", false],
      ["hints", "last", true],
    ] as const
  ) {
    const { mirror, identity } = scene(landmarks(200_000));
    // One response is of one version.
    use({ mirror, identity }, 1000, proof);
    assert(!identity.hasUnproved(mirror));
    use({ mirror, identity }, 1000, proof);
    identity.ask(mirror, purpose, purpose === "doubt" ? DOUBT : undefined);
    const piece = identity.next(mirror)!;
    const verdict = identity.compared(mirror, piece, { differsAt: 7, fresh: false });
    if (verdict.type !== "failed") throw new Error(`it ${verdict.type}`);
    assertEquals([verdict.used, verdict.at], [used, 7], `${proof} ${purpose}`);
    const before = purpose === "doubt" ? `${DOUBT}, and ` : "";
    assertEquals(verdict.error.problem, `the file changed: ${before}its bytes differ at byte 7`);
    assertEquals(verdict.error.reason, "changed");
  }
});

Deno.test("Identity: without a strong ETag, pieces are compared ever more rarely, for less than 0.5 %", () => {
  const { mirror, identity, pass } = scene(landmarks(4_000_000));
  let checks = 0;
  for (let bytes = 0; bytes < 100_000_000; bytes += 65_536) {
    use({ mirror, identity }, 65_536, "pieces");
    if (identity.dueOf(mirror) !== "sample") continue;
    identity.ask(mirror, "sample");
    checks += pass(true).pieces.length;
  }
  assert(checks > 8 && checks * 1024 < 0.005 * 100_000_000, `${checks}`);
});

Deno.test("Identity: after a break, a mirror is compared once, whatever its ETag", () => {
  const { mirror, identity, pass } = scene(landmarks(200_000));
  use({ mirror, identity }, 50_000, "validators");
  identity.broke(mirror);
  assert(!identity.isOpen(mirror));
  use({ mirror, identity }, 50_000, "validators");
  assert(identity.hasUnproved(mirror));
  identity.broke(mirror);
  assert(mirror.questioned);
  assertEquals(pass(true).pieces, [196_608]);
  assert(!identity.hasUnproved(mirror) && !mirror.questioned);
});

Deno.test("Identity: a newcomer shows the first, the last and some other given pieces", () => {
  const given = Array.from(
    { length: 40 },
    (_, index) => ({ start: index * 100, end: index * 100 + 9 }),
  );
  const { mirror, identity, pass } = scene(landmarks(200_000, given));
  assert(identity.hasEvidence);
  identity.ask(mirror, "admission");
  const { pieces, verdict } = pass(true);
  assertEquals([pieces.length, pieces[0], pieces[1]], [8, 0, 3900]);
  assertEquals(verdict?.type, "passed");
});

Deno.test("Identity: where nothing is known, a doubt waits, and a sample is not taken", () => {
  const { mirror, identity } = scene(NO_LANDMARKS);
  identity.ask(mirror, "sample");
  identity.ask(mirror, "last");
  assert(!identity.isOpen(mirror));
  identity.ask(mirror, "doubt", DOUBT);
  assertEquals(identity.next(mirror), undefined);
  assertEquals([identity.isStuck(mirror), identity.doubtOf(mirror)], [true, DOUBT]);
});

const MIB = 1024 * 1024;
const LINK: SimulatedMirror = { bytesPerSecond: 2 * MIB, roundTripMs: 20 };

function run(
  links: readonly SimulatedMirror[],
  options: Partial<SimulationOptions> = {},
): Simulation {
  return simulate({ links, size: 20 * MIB, delay: "adaptive", ...options });
}

Deno.test("Scheduler: random ETags cost less than 1 % of the bytes, and no failure", () => {
  for (const validators of ["random", "none"] as const) {
    for (const links of [[{ ...LINK, validators }], [{ ...LINK, validators }, LINK]]) {
      const { error, events, scheduler, bytesByMirror, seconds } = run(links);
      assertEquals(error, undefined);
      assertEquals(events.filter(({ type }) => type === "failure"), []);
      const total = bytesByMirror.reduce((sum, bytes) => sum + bytes);
      assert(total < 1.01 * 20 * MIB, `${total}`);
      assert(scheduler.mirrors[0]!.bytes > 5 * MIB);
      assert(seconds < 1.1 * run(links.map(() => LINK)).seconds, `${seconds} s`);
    }
  }
});

Deno.test("Scheduler: a file that changes on the only mirror is an error that names both ETags", () => {
  const { error } = run([{ ...LINK, changesAtMs: 3000, resetAfterBytes: 2 * MIB }]);
  assertInstanceOf(error, NoMirrorLeftError);
  assertStringIncludes(
    error!.message,
    'its ETag was "first" and is "first, changed", and its bytes differ at',
  );
});

Deno.test("Scheduler: a mirror whose file changes is dropped beside another, and nothing of it is used", () => {
  const { error, scheduler } = run([{ ...LINK, changesAtMs: 3000 }, LINK]);
  assertEquals(error, undefined);
  assertEquals(scheduler.mirrors[0]!.state.type, "dropped");
});

Deno.test("Scheduler: a file that changes without an ETag that tells it is never complete", () => {
  for (const validators of ["random", "none"] as const) {
    for (let changesAtMs = 1000; changesAtMs < 9000; changesAtMs += 1000) {
      for (const others of [[], [LINK]]) {
        // Alone, it sends everything in one response if it can.
        const resetAfterBytes = others.length === 0 ? 2 * MIB : Infinity;
        const link = { ...LINK, validators, changesAtMs, resetAfterBytes };
        const { error } = run([link, ...others]);
        if (others.length > 0 && changesAtMs >= 5000) continue;
        const classes = [FileChangedError, NoMirrorLeftError, MirrorMismatchError];
        const expected = classes.some((one) => error instanceof one);
        assert(expected, `${validators} ${changesAtMs} ${others.length}: ${error}`);
        assertMatch(error!.message, /differs? (from the others? )?at/);
      }
    }
  }
});

Deno.test("Scheduler: mirrors whose files differ behind their first bytes are an error that names both", () => {
  for (const slower of [1, 2, 8]) {
    const other = { ...LINK, bytesPerSecond: LINK.bytesPerSecond / slower, version: "other" };
    const { error } = run([LINK, other]);
    assertInstanceOf(error, MirrorMismatchError);
    assertEquals((error as MirrorMismatchError).files.map(({ size }) => size), [
      20 * MIB,
      20 * MIB,
    ]);
    assertMatch(error!.message, /differs from the other at byte \d+/);
  }
});

Deno.test("Scheduler: of several mirrors, the two whose bytes differ are named, and no other is blamed", () => {
  for (const wrong of [0, 1, 2, 3]) {
    const links = [1, 2, 3, 4].map((slower, index) => ({
      ...LINK,
      bytesPerSecond: LINK.bytesPerSecond / slower,
      version: index === wrong ? "other" : "same",
    }));
    const { error, scheduler } = run(links);
    assertInstanceOf(error, MirrorMismatchError);
    const { files, message } = error as MirrorMismatchError;
    const named = files.filter(({ differsFrom }) => differsFrom !== undefined);
    assertEquals(named.length, 1, message);
    const [{ mirror, differsAt, differsFrom }] = named as [typeof named[number]];
    assert([mirror, differsFrom].includes(scheduler.mirrors[wrong]!.url), message);
    assertStringIncludes(message, `, differs at byte ${differsAt} from ${differsFrom}`);
    assertStringIncludes(message, "bytes of two that differ may have been used");
  }
});

Deno.test("Scheduler: mirrors with one file are each compared behind their first bytes", () => {
  const { error, scheduler, requestsSent, events } = run([LINK, LINK, LINK]);
  assertEquals(error, undefined);
  const sends = new Set(events.flatMap((event) => event.type === "send" ? [event.request] : []));
  // A probe of each, and a check by each but the first.
  const others = requestsSent - sends.size - scheduler.mirrors.length;
  assert(others >= 2 && others <= 4, `${others} checks`);
});

Deno.test("Scheduler: a lone mirror that sends everything in one response is asked for nothing else", () => {
  for (const validators of ["strong", "random", "none"] as const) {
    const { error, requestsSent } = run([{ ...LINK, validators }]);
    assertEquals([error, requestsSent], [undefined, 1]);
  }
});
