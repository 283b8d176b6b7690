import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { MirrorMismatchError } from "../../../lib/errors.ts";
import { schedulerOptionsOf } from "../../support/simulator/algorithms.ts";
import { mulberry32 } from "../../support/random.ts";
import { EIGHT_MIRRORS, type SimulatedMirror } from "../../support/simulator/mirror.ts";
import type { SimulationOptions } from "../../support/simulator/simulation.ts";
import { simulate } from "../../support/simulator/simulator.ts";

const MIB = 1024 * 1024;

/** Two to four mirrors of which some have another file from a random byte on. */
function randomMirrors(seed: number): SimulationOptions & { readonly versionFrom: number } {
  const random = mulberry32(seed);
  const size = Math.floor((0.3 + 20 * random() ** 3) * MIB);
  const versionFrom = Math.floor((0.02 + 0.98 * random()) * size);
  const links = Array.from({ length: 2 + Math.floor(random() * 3) }, (_, index) => {
    const link: SimulatedMirror = {
      bytesPerSecond: MIB * 20 ** random(),
      roundTripMs: 5 * 30 ** random(),
      validators: random() < 0.2 ? "none" : "strong",
    };
    const isOther = index === 1 || (index > 1 && random() < 0.4);
    return isOther ? { ...link, version: `other ${index}`, versionFrom } : link;
  });
  const algorithm = random() < 0.6 ? "adaptive" : random() < 0.5 ? "normal" : "diff";
  return {
    ...schedulerOptionsOf(algorithm, links),
    // As many as are the default, too.
    maxConnectionsPerMirror: seed % 2 === 0 ? 2 : 8,
    links,
    size,
    seed,
    splitSize: 250_000,
    versionFrom,
  };
}

for (const from of [1, 101, 201, 301]) {
  Deno.test(`CrossChecks: files that differ from any byte on are never put together (${from})`, () => {
    let complete = 0;
    for (let seed = from; seed < from + 100; seed++) {
      const { versionFrom, ...options } = randomMirrors(seed);
      const { error, versions } = simulate(options);
      if (error === undefined) {
        complete++;
        assert(versions.size === 1, `seed ${seed}: ${[...versions]} behind byte ${versionFrom}`);
      } else assertInstanceOf(error, MirrorMismatchError, `seed ${seed}: ${error}`);
    }
    // One mirror may have sent everything behind that byte.
    assert(complete < 60, `${complete} are complete`);
  });
}

Deno.test("CrossChecks: mirrors with different ETags of one file are compared at the end, and deliver it", () => {
  const link = { bytesPerSecond: 4 * MIB, roundTripMs: 20 };
  const links = ["a", "b", "c"].map((version) => ({ ...link, version, versionFrom: Infinity }));
  const options = { links, size: 20 * MIB, delay: "adaptive" } as const;
  const { error, events, requestsSent, seconds, wastedBytes } = simulate(options);
  assertEquals(error, undefined);
  assertEquals(events.filter(({ type }) => type === "failure"), []);
  const sends = events.filter(({ type }) => type === "send");
  const checks = requestsSent -
    new Set(sends.map((event) => "request" in event && event.request)).size - 3;
  assert(checks >= 3 && checks <= 14, `${checks} checks`);
  assert(wastedBytes < 0.005 * options.size, `${wastedBytes} bytes`);
  // Most are requested before the last bytes come; what is taken over at the very end is compared after.
  const same = simulate({ ...options, links: [link, link, link] });
  assert(seconds < same.seconds + 0.06, `${seconds} s, with one ETag ${same.seconds} s`);
});

Deno.test("CrossChecks: the nearest mirrors show the last bytes of distant ones, which are not waited for", () => {
  const links = EIGHT_MIRRORS.map((link, index) => ({
    ...link,
    version: `${index}`,
    versionFrom: Infinity,
  }));
  for (const megabytes of [20, 21, 22]) {
    let completeMs = Infinity;
    const { error, seconds } = simulate({
      links,
      size: megabytes * MIB,
      seed: megabytes,
      delay: "adaptive",
      maxConnectionsPerMirror: 8,
      inspect: ({ ledger }, now) => {
        if (ledger.complete) completeMs = Math.min(completeMs, now);
      },
    });
    assertEquals(error, undefined);
    // Round trips to six of the eight take 180 to 300 ms.
    const waitMs = 1000 * seconds - completeMs;
    assert(waitMs < 60, `${megabytes} MiB: ${waitMs} ms after the last byte`);
  }
});

Deno.test("CrossChecks: mirrors with the same strong ETag are compared once each", () => {
  const link = { bytesPerSecond: 4 * MIB, roundTripMs: 20 };
  const { error, events, requestsSent } = simulate({
    links: [link, link, link],
    size: 20 * MIB,
    delay: "adaptive",
  });
  assertEquals(error, undefined);
  const sends = events.filter(({ type }) => type === "send");
  const checks = requestsSent -
    new Set(sends.map((event) => "request" in event && event.request)).size - 3;
  // Two pieces of the first, one of each other.
  assert(checks >= 2 && checks <= 4, `${checks} checks`);
});

Deno.test("CrossChecks: where one mirror has delivered everything, another one shows the last bytes", () => {
  const link = { bytesPerSecond: 4 * MIB, roundTripMs: 20 };
  const run = (...versions: readonly (string | undefined)[]) =>
    simulate({
      // The second is so slow that nothing else is asked of it.
      links: versions.map((version, index) => ({
        ...link,
        ...index === 0 ? {} : { bytesPerSecond: 100_000 },
        ...version === undefined ? {} : { version, versionFrom: 20_000 },
      })),
      size: 600_000,
      delay: "adaptive",
    });
  for (const versions of [[undefined, "other"], ["other", undefined]]) {
    assertInstanceOf(run(...versions).error, MirrorMismatchError);
  }
  assertEquals(run(undefined, undefined).error, undefined);
});

/** How long the last bytes are held back where one mirror delivers everything, beside others. */
function heldBack(size: number, others: readonly Partial<SimulatedMirror>[]): number {
  const link = { bytesPerSecond: 4 * MIB, roundTripMs: 20 };
  const links = [{}, ...others].map((other, index) => ({
    ...link,
    // So slow that they are asked for nothing else.
    ...index === 0 ? {} : { bytesPerSecond: 100_000 },
    ...{ version: `${index}`, versionFrom: Infinity },
    ...other,
  }));
  let completeMs = Infinity;
  const { error, seconds } = simulate({
    links,
    size,
    delay: "adaptive",
    inspect: ({ ledger }, now) => {
      if (ledger.complete) completeMs = Math.min(completeMs, now);
    },
  });
  assertEquals(error, undefined);
  return 1000 * seconds - completeMs;
}

Deno.test("CrossChecks: mirrors that have fallen silent hold back the last bytes for 1.5 s at most, all together", () => {
  const silent = { gate: { inAll: 1, hangs: true } };
  for (const size of [600_000, 8_000_000]) {
    for (const roundTripMs of [20, 200]) {
      for (const count of [1, 2, 4]) {
        const waitMs = heldBack(size, Array(count).fill({ ...silent, roundTripMs }));
        assert(waitMs <= 1500, `${count} of ${roundTripMs} ms: ${waitMs} ms`);
      }
    }
  }
});

Deno.test("CrossChecks: another mirror shows the last bytes where the nearest one is silent", () => {
  const silent = { gate: { inAll: 1, hangs: true } };
  for (const count of [1, 3]) {
    const waitMs = heldBack(600_000, [...Array(count).fill(silent), {}]);
    assert(waitMs < 100, `beside ${count}: ${waitMs} ms`);
  }
});
