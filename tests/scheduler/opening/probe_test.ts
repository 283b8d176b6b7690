import { assertEquals } from "@std/assert";
import { Mirror } from "../../../lib/scheduler/mirror/mirror.ts";
import { probeOf, probeSizeFor } from "../../../lib/scheduler/opening/probe.ts";

Deno.test("probeSizeFor(): under a limit the probes are small, but there is something to compare", () => {
  assertEquals(probeSizeFor(Infinity, 3), 12 * 1024);
  assertEquals(probeSizeFor(100e6, 3), 12 * 1024);
  assertEquals(probeSizeFor(30_000, 3), 2000);
  assertEquals(probeSizeFor(1, 3), 1024);
});

Deno.test("probeOf(): the stream of a lone mirror, or of a link good for one request, is asked for to its end; what is wanted to the end of the file, openly", () => {
  for (const isAlone of [true, false]) {
    const mirror = new Mirror(isAlone ? "http://one.test/" : "http://one.test/?token=1");
    streamTo(mirror, isAlone);
  }
});

function streamTo(mirror: Mirror, isAlone: boolean): void {
  const wanted = { start: 100, sampleSize: 10, isAlone };
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
}

Deno.test("probeOf(): beside others, the stream of a link that is good for many requests ends by itself", () => {
  const mirror = new Mirror("http://one.test/");
  const wanted = { start: 100, sampleSize: 10, isStream: true, isAlone: false };
  const sample = { mirror, kind: "probe", start: 100, end: 110, form: "bounded" } as const;
  const most = 100 + 1100 * 1024;
  assertEquals(probeOf(mirror, { ...wanted, end: undefined }), { ...sample, bodyEnd: most });
  assertEquals(probeOf(mirror, { ...wanted, end: most + 1 }), { ...sample, bodyEnd: most });
  assertEquals(probeOf(mirror, { ...wanted, end: 500 }), { ...sample, bodyEnd: 500 });
  mirror.refuse("bounded");
  assertEquals(probeOf(mirror, { ...wanted, end: undefined }).form, "open");
});

Deno.test("probeOf(): a mirror that refuses open ranges, or any, is asked for a sample", () => {
  const mirror = new Mirror("http://one.test/");
  const wanted = { start: 0, end: undefined, sampleSize: 10, isStream: true, isAlone: true };
  mirror.refuse("open");
  assertEquals(probeOf(mirror, wanted).bodyEnd, undefined);
  mirror.refuse("bounded");
  assertEquals(probeOf(mirror, wanted).form, undefined);
});
