import { assert, assertEquals } from "@std/assert";
import { retryDelay } from "../../../lib/scheduler/failure/retries.ts";
import { mulberry32 } from "../../support/random.ts";
import { RETRY } from "../../support/scheduler/scheduler_options.ts";

const OPTIONS = { ...RETRY, attempts: 10, jitter: 0 };

const FAILURE = { retryable: true, runMs: 0 };

Deno.test("retryDelay() doubles with each failure, up to the cap", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((failures) =>
    retryDelay(FAILURE, failures, OPTIONS, 0.5)
  );
  assertEquals(delays, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
});

Deno.test("retryDelay() is undefined after the allowed failures in a row", () => {
  assertEquals(retryDelay(FAILURE, 2, { ...OPTIONS, attempts: 3 }, 0), 500);
  assertEquals(retryDelay(FAILURE, 3, { ...OPTIONS, attempts: 3 }, 0), undefined);
  assertEquals(retryDelay(FAILURE, 4, { ...OPTIONS, attempts: 3 }, 0), undefined);
  assertEquals(retryDelay(FAILURE, 1, { ...OPTIONS, attempts: 1 }, 0), undefined);
});

Deno.test("retryDelay() is undefined at once for what cannot succeed later", () => {
  assertEquals(retryDelay({ ...FAILURE, retryable: false }, 1, OPTIONS, 0), undefined);
  assertEquals(
    retryDelay({ ...FAILURE, retryable: false, retryAfterMs: 10 }, 1, OPTIONS, 0),
    undefined,
  );
});

Deno.test("retryDelay() is never before the server's Retry-After, and undefined for long ones", () => {
  // Retry-After, failures → delay
  const table = [
    [0, 1, 250],
    [100, 1, 250],
    [3000, 1, 3000],
    [3000, 6, 8000],
    [60_000, 1, 60_000],
    [120_000, 1, 120_000],
    [120_001, 1, undefined],
    [Infinity, 1, undefined],
  ] as const;
  for (const [retryAfterMs, failures, delay] of table) {
    assertEquals(retryDelay({ ...FAILURE, retryAfterMs }, failures, OPTIONS, 0), delay);
  }
});

Deno.test("retryDelay(): jitter shortens the wait by at most its share", () => {
  const random = mulberry32(3);
  for (const jitter of [0, 0.3, 0.5, 1]) {
    let [least, most] = [Infinity, 0];
    for (let round = 0; round < 500; round++) {
      const delay = retryDelay(FAILURE, 3, { ...OPTIONS, jitter }, random())!;
      least = Math.min(least, delay);
      most = Math.max(most, delay);
    }
    const lowest = 1000 * (1 - jitter);
    assert(least >= lowest && most <= 1000, `${least} to ${most}`);
    // It does use what it may.
    assert(least <= lowest + 20 && most >= 980, `${least} to ${most}`);
  }
});

Deno.test("retryDelay(): jitter never comes before Retry-After", () => {
  const options = { ...OPTIONS, jitter: 1 };
  assertEquals(retryDelay({ ...FAILURE, retryAfterMs: 400 }, 3, options, 0.99), 400);
});

Deno.test("retryDelay() stays a number however many failures there were", () => {
  for (const minDelayMs of [0, 1, 250]) {
    const options = { ...OPTIONS, attempts: 1_000_000, minDelayMs };
    const delay = retryDelay(FAILURE, 5000, options, 0);
    assertEquals(delay, minDelayMs === 0 ? 0 : 10_000);
  }
});

Deno.test("retryDelay() is undefined once the download has run for too long", () => {
  const options = { ...OPTIONS, maxTimeMs: 5000 };
  // Run for so long → delay, of which nothing is to lie behind the end
  for (const [runMs, delay] of [[0, 250], [4749, 250], [4750, undefined], [6000, undefined]]) {
    assertEquals(retryDelay({ ...FAILURE, runMs: runMs! }, 1, options, 0), delay);
  }
  assertEquals(retryDelay(FAILURE, 1, { ...OPTIONS, maxTimeMs: 0 }, 0), undefined);
});
