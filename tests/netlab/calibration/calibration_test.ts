import { assertEquals, assertThrows } from "@std/assert";
import { parseCalibrationArguments } from "./calibration.ts";

Deno.test("parseCalibrationArguments() takes links and a number of runs, and refuses others", () => {
  assertEquals(parseCalibrationArguments(["150/10", "--runs", "0"]), {
    links: ["150/10"],
    runs: 0,
  });
  const { links, runs } = parseCalibrationArguments([]);
  assertEquals([links.length, runs], [5, 3]);
  assertThrows(() => parseCalibrationArguments(["10/150"]), RangeError, 'no link "10/150"');
  assertThrows(() => parseCalibrationArguments(["--runs", "x"]), RangeError, "whole number");
});
