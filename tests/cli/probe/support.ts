/**
 * Measurements for the tests of what is made of them.
 *
 * @module
 */

import type { Measurement } from "../../../lib/cli/probe/measurement.ts";

/** A mirror that is as it should be, but for what is given. */
export function measured(name: string, facts: Partial<Measurement> = {}): Measurement {
  return {
    url: `http://${name}/f`,
    failure: undefined,
    status: 206,
    ranges: true,
    size: 1_000_000,
    etag: '"x"',
    lastModified: undefined,
    redirects: 0,
    finalOrigin: `http://${name}`,
    firstAnswerMs: 40.04,
    latencyMs: 12.34,
    head: "head",
    middle: "middle",
    bytesPerSecond: 1_000_000,
    ...facts,
  };
}
