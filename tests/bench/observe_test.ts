import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { drain, observe, parseTimes, processorShares } from "./observe.ts";

const TIMEOUT = { timeoutSeconds: 60 };

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

Deno.test("observe() records, counts and hashes stdout", async () => {
  const seen = await observe(["sh", "-c", "printf one; printf three >&1"], TIMEOUT);
  assertEquals([seen.outcome, seen.bytes, seen.messages], ["complete", 8, ""]);
  assertEquals(seen.sha256, sha256("onethree"));
  const last = seen.arrivals.at(-1)!;
  assertEquals(last.value, 8);
  assert(last.seconds > 0 && seen.seconds >= last.seconds);
});

Deno.test("drain() notes when the bytes of a stream arrive", async () => {
  let seconds = 0;
  const parts = ["one", "three"];
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const part = parts.shift();
      seconds += 2;
      if (part !== undefined) return controller.enqueue(new TextEncoder().encode(part));
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
  const { bytes, arrivals, ...drained } = await drain(stream, () => seconds);
  assertEquals(arrivals, [{ seconds: 2, value: 3 }, { seconds: 4, value: 8 }]);
  assertEquals([bytes, drained.sha256], [8, sha256("onethree")]);
});

Deno.test("observe() reads a file instead of stdout", async () => {
  const file = await Deno.makeTempFile();
  try {
    const command = ["sh", "-c", 'echo ignored; printf text > "$1"', "sh", file];
    const seen = await observe(command, { ...TIMEOUT, file });
    assertEquals([seen.outcome, seen.bytes, seen.sha256], ["complete", 4, sha256("text")]);
    assertEquals(seen.arrivals, []);
  } finally {
    await Deno.remove(file);
  }
  const missing = await observe(["true"], { ...TIMEOUT, file });
  assertEquals([missing.outcome, missing.bytes], ["complete", 0]);
});

Deno.test("observe() reports a failure and its messages", async () => {
  const seen = await observe(["sh", "-c", "echo broken >&2; exit 3"], TIMEOUT);
  assertEquals([seen.outcome, seen.messages], ["failed", "broken"]);
});

Deno.test("observe() kills a command that does not end", async () => {
  const seen = await observe(["sleep", "60"], { timeoutSeconds: 0.05 });
  assertEquals(seen.outcome, "endless");
});

Deno.test("parseTimes() parses the last line, and returns the rest", () => {
  const times = "0m0.010000s 0m0.020000s\n1m1.360000s 0m0.440000s\n";
  assertEquals(parseTimes(times), { cpuSeconds: 61.8, messages: "" });
  assertEquals(parseTimes(`one\ntwo\n${times}`), { cpuSeconds: 61.8, messages: "one\ntwo" });
});

Deno.test("processorShares() covers the time between two readings", () => {
  const before = "cpu  100 0 50 800 10 0 5 20 0 0\ncpu0 1 2 3\n";
  const after = "cpu  140 0 60 830 20 0 5 30 0 0\ncpu0 1 2 3\n";
  assertEquals(processorShares(before, after), { idle: 0.4, stolen: 0.1 });
  assertEquals(processorShares(before, before), { idle: 0, stolen: 0 });
});
