import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { MirrorMismatchError } from "../../../lib/errors.ts";
import { mulberry32 } from "../../support/random.ts";
import { schedulerOptionsOf } from "../../support/simulator/algorithms.ts";
import type { SimulatedMirror } from "../../support/simulator/mirror.ts";
import type { Simulation } from "../../support/simulator/simulation.ts";
import { simulate } from "../../support/simulator/simulator.ts";

const MIB = 1024 * 1024;
const SIZE = 600_000;
const NEAR = { bytesPerSecond: 4 * MIB, roundTripMs: 20, validators: "none" } as const;
/** So slow that nothing is asked of it but its first bytes. */
const SLOW = { ...NEAR, bytesPerSecond: 100_000 };
/** Another file, behind the same first bytes. */
const OTHER = { version: "other", versionFrom: 20_000 };

function run(links: readonly SimulatedMirror[], size: number = SIZE, seed = 1): Simulation {
  return simulate({ links, size, seed, delay: "adaptive", maxConnectionsPerMirror: 8 });
}

/** Returns the URLs of the mirrors that were dropped. */
function dropped({ events }: Simulation): string[] {
  return events.flatMap((event) =>
    event.type === "mirror" && event.state === "dropped" ? [event.mirror] : []
  );
}

Deno.test("Witnesses: mirrors of another file that agree with each other, and deliver all of it, are found out by as many others", () => {
  for (const size of [2_000_000, 8_000_000]) {
    for (const validators of ["none", "strong"] as const) {
      for (const others of [2, 3]) {
        const [near, slow] = [{ ...NEAR, validators }, { ...SLOW, validators }];
        const wrong = { ...near, ...OTHER };
        const links = [wrong, wrong, ...Array<SimulatedMirror>(others).fill(slow)];
        const { error, versions } = run(links, size);
        const facts = `${size} bytes, ${others} others, ${validators}`;
        assertInstanceOf(error, MirrorMismatchError, `${facts}: ${[...versions]}`);
      }
    }
  }
});

Deno.test("Witnesses: files that differ at their end only are found out, too", () => {
  const wrong = { ...NEAR, version: "other", versionFrom: 2_000_000 - 10 };
  assertInstanceOf(run([wrong, wrong, SLOW, SLOW], 2_000_000).error, MirrorMismatchError);
});

Deno.test("Witnesses: one that has delivered nothing and differs from most is dropped", () => {
  const wrong = { ...SLOW, ...OTHER, roundTripMs: 10 };
  for (const links of [[NEAR, wrong, SLOW], [NEAR, NEAR, wrong, SLOW, SLOW]]) {
    const simulation = run(links);
    assertEquals(simulation.error, undefined);
    assertEquals([...simulation.versions], ["first"]);
    const places = dropped(simulation).map((url) => Number(/\d+/.exec(url)![0]));
    assertEquals(places.map((place) => links[place]), places.map(() => wrong));
  }
});

Deno.test("Witnesses: most mirrors are enough, and those with the same strong ETag show nothing", () => {
  const checks = (links: readonly SimulatedMirror[]) => {
    const seen = new Set<number>();
    const { error } = simulate({
      links,
      size: SIZE,
      delay: "adaptive",
      maxConnectionsPerMirror: 8,
      inspect: ({ requests }) => {
        for (const { id, kind, mirror } of requests) {
          if (kind === "check" && mirror.usedBytes === 0) seen.add(id);
        }
      },
    });
    assertEquals(error, undefined);
    return seen.size;
  };
  const slow = (count: number) => Array<SimulatedMirror>(count).fill(SLOW);
  assertEquals([1, 2, 3, 4, 6].map((count) => checks([NEAR, ...slow(count)])), [1, 1, 2, 2, 3]);
  const tagged = [NEAR, ...slow(4)].map((link) => ({ ...link, validators: "strong" as const }));
  assertEquals(checks(tagged), 0);
});

for (const from of [1, 51]) {
  Deno.test(`Witnesses: what most mirrors contradict that could show it is never complete (${from})`, () => {
    let complete = 0;
    for (let seed = from; seed < from + 50; seed++) {
      const random = mulberry32(seed);
      const size = Math.floor((1 + 10 * random() ** 2) * MIB);
      const versionFrom = Math.floor((0.02 + 0.9 * random()) * size);
      const links = Array.from({ length: 3 + Math.floor(random() * 4) }, (): SimulatedMirror => {
        const link: SimulatedMirror = {
          bytesPerSecond: random() < 0.5 ? 40_000 : 8 * MIB * random() + 200_000,
          roundTripMs: 5 * 8 ** random(),
          validators: random() < 0.5 ? "none" : "strong",
        };
        return random() < 0.5 ? link : { ...link, version: "other", versionFrom };
      });
      const algorithm = random() < 0.7 ? "adaptive" : "normal";
      const options = { ...schedulerOptionsOf(algorithm, links), links, size, seed };
      // When each mirror could be asked at first without being given work, and when all bytes had been received.
      const readyAt = new Map<number, number>();
      let completeAt = Infinity;
      const { error, versions, usedBytesByMirror } = simulate({
        ...options,
        splitSize: 250_000,
        inspect: ({ mirrors, ledger }, now) => {
          for (const [index, { idle, available }] of mirrors.entries()) {
            if (idle && available && !readyAt.has(index)) readyAt.set(index, now);
          }
          if (ledger.complete) completeAt = Math.min(completeAt, now);
        },
      });
      const others = links.filter(({ version }) => version === "other").length;
      if (error === undefined) {
        assertEquals(versions.size, 1, `seed ${seed}`);
        const [used] = versions;
        const against = links.filter(({ version = "first" }, index) =>
          version !== used && usedBytesByMirror[index] === 0 &&
          (readyAt.get(index) ?? Infinity) + 2 * links[index]!.roundTripMs < completeAt
        );
        assert(2 * against.length < links.length, `seed ${seed}: ${used}`);
        complete++;
      } else {
        assertInstanceOf(error, MirrorMismatchError, `seed ${seed}: ${error}`);
        assert(others > 0 && others < links.length, `seed ${seed}`);
      }
    }
    assert(complete > 8 && complete < 42, `${complete} are complete`);
  });
}

Deno.test("Witnesses: a mirror that has fallen silent holds nothing back where most others have shown the last bytes", () => {
  const silent = { ...SLOW, roundTripMs: 10, gate: { inAll: 1, hangs: true } };
  const differently = (index: number) =>
    ({ validators: "strong", version: `${index}`, versionFrom: Infinity }) as const;
  const heldBack = (links: readonly SimulatedMirror[]) => {
    let completeMs = Infinity;
    const { error, seconds } = simulate({
      links: links.map((link, index) => ({ ...link, ...differently(index) })),
      size: SIZE,
      delay: "adaptive",
      inspect: ({ ledger }, now) => {
        if (ledger.complete) completeMs = Math.min(completeMs, now);
      },
    });
    assertEquals(error, undefined);
    return 1000 * seconds - completeMs;
  };
  assert(heldBack([NEAR, NEAR, silent]) < 100);
  assert(heldBack([NEAR, NEAR, silent, SLOW, SLOW]) < 250);
  assert(heldBack([NEAR, NEAR, silent, silent, SLOW, SLOW, SLOW, SLOW]) < 250);
});

Deno.test("Witnesses: where the process stands still, mirrors are waited for afterwards", () => {
  const wrong = { ...NEAR, ...OTHER };
  const options = { size: 2_000_000, delay: "adaptive", maxConnectionsPerMirror: 8 } as const;
  for (let at = 100; at < 400; at += 10) {
    const { error } = simulate({
      ...options,
      links: [wrong, wrong, SLOW, SLOW],
      standstills: [[at / 1000, 2.5]],
    });
    assertInstanceOf(error, MirrorMismatchError, `from ${at} ms on`);
  }
});
