import { assertEquals } from "@std/assert";
import { Mirror } from "../../../lib/scheduler/mirror/mirror.ts";
import { probeOf, probeSizeFor } from "../../../lib/scheduler/opening/probe.ts";

Deno.test("probeSizeFor(): under a limit the probes are small, but there is something to compare", () => {
  assertEquals(probeSizeFor(Infinity, 3), 12 * 1024);
  assertEquals(probeSizeFor(100e6, 3), 12 * 1024);
  assertEquals(probeSizeFor(30_000, 3), 2000);
  assertEquals(probeSizeFor(1, 3), 1024);
});

Deno.test("probeOf(): a stream is asked for to its end; what is wanted to the end of the file, openly", () => {
  const mirror = new Mirror("http://one.test/");
  const wanted = { start: 100, sampleSize: 10 };
  const sample = { mirror, kind: "probe", start: 100, end: 110 } as const;
  assertEquals(probeOf(mirror, { ...wanted, end: undefined, isStream: false }), sample);
  assertEquals(probeOf(mirror, { ...wanted, end: undefined, isStream: true }), {
    ...sample,
    form: "open",
    bodyEnd: Infinity,
  });
  assertEquals(probeOf(mirror, { ...wanted, end: 500, isStream: true }), {
    ...sample,
    form: "bounded",
    bodyEnd: 500,
  });
  const all = probeOf(mirror, { ...wanted, end: 105, isStream: true });
  assertEquals([all.end, all.bodyEnd, all.form], [105, 105, undefined]);
});

Deno.test("probeOf(): a mirror that refuses open ranges, or any, is asked for a sample", () => {
  const mirror = new Mirror("http://one.test/");
  const wanted = { start: 0, end: undefined, sampleSize: 10, isStream: true };
  mirror.refuse("open");
  assertEquals(probeOf(mirror, wanted).bodyEnd, undefined);
  mirror.refuse("bounded");
  assertEquals(probeOf(mirror, wanted).form, undefined);
});
