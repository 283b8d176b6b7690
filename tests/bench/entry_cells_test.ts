import { assertEquals } from "@std/assert";
import { figureCells, type RunOutcome, verdict } from "./entry_cells.ts";

Deno.test("verdict()", () => {
  const text = (outcomes: readonly RunOutcome[], installed = true) =>
    verdict({ title: "x", installed, runs: outcomes.map((outcome) => ({ outcome })) });
  assertEquals(text([], false), "x: not installed");
  assertEquals(text(["complete"]), "x");
  assertEquals(text(["wrong", "wrong"]), "x: WRONG");
  assertEquals(text(["failed", "complete", "wrong"]), "x: WRONG in 1 of 3, fails in 1 of 3");
  assertEquals(
    text(["failed", "complete", "endless"]),
    "x: fails in 1 of 3, does not end in 1 of 3",
  );
});

Deno.test("figureCells() has medians, and dashes without figures", () => {
  const figures = [3, 1, 2].map((seconds) => ({
    firstByteSeconds: seconds / 100,
    lateSeconds: seconds,
    stallSeconds: seconds / 10,
  }));
  assertEquals(figureCells(figures), { firstByte: "0.020", stall: "0.20", late: "2.00" });
  assertEquals(figureCells([]), { firstByte: "–", stall: "–", late: "–" });
});
