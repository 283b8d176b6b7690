import { assert, assertEquals } from "@std/assert";
import type { DownloadStats, MirrorStats } from "../../../mod.ts";
import { Metrics } from "../../../lib/proxy/observe/metrics.ts";

/** Statistics of a mirror. */
function mirror(url: string, facts: Partial<MirrorStats> = {}): MirrorStats {
  return {
    url,
    state: "idle",
    message: undefined,
    bytes: 0,
    wastedBytes: 0,
    share: 0,
    bytesPerSecond: 0,
    requests: 0,
    duplicates: 0,
    failures: 0,
    badPieces: 0,
    answerMs: undefined,
    ...facts,
  };
}

/** Statistics of a download. */
function stats(facts: Partial<DownloadStats> = {}): DownloadStats {
  return {
    size: undefined,
    consumedBytes: 0,
    receivedBytes: 0,
    bufferedBytes: 0,
    peakBufferedBytes: 0,
    wastedBytes: 0,
    bytesPerSecond: 0,
    elapsedMs: 0,
    firstByteMs: undefined,
    mirrors: [],
    ...facts,
  };
}

/** Parses every sample of the text, by name and labels; fails on an invalid line. */
async function samples(metrics: Metrics): Promise<Record<string, number>> {
  const text = await metrics.text();
  assert(text.endsWith("\n"));
  const types = new Map<string, string>();
  const found: Record<string, number> = {};
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const [, keyword, name, rest] = /^# (HELP|TYPE) ([a-z0-9_]+) (.+)$/.exec(line) ?? [];
    if (keyword === "TYPE") types.set(name!, rest!);
    if (keyword !== undefined) continue;
    const sample = /^([a-z0-9_]+)(\{(?:[a-z_]+="[^"]*",?)+\})? (\S+)$/.exec(line);
    assert(sample !== null, line);
    const [, metric, labels = "", value] = sample!;
    const base = metric!.replace(/_(bucket|sum|count)$/, "");
    assert(types.has(metric!) || types.get(base) === "histogram", line);
    found[metric! + labels] = value === "+Inf" ? Infinity : Number(value);
  }
  return found;
}

Deno.test("Metrics.text() has every metric from the start", async () => {
  const metrics = new Metrics();
  assertEquals(metrics.contentType, "text/plain; version=0.0.4; charset=utf-8");
  const found = await samples(metrics);
  for (const outcome of ["complete", "failed", "cancelled", "refused"]) {
    assertEquals(found[`sphttp_downloads_total{outcome="${outcome}"}`], 0);
  }
  for (
    const name of [
      "sphttp_duplicate_requests_total",
      "sphttp_wasted_bytes_total",
      "sphttp_buffer_bytes",
      "sphttp_downloads_under_way",
      "sphttp_first_byte_seconds_count",
      "sphttp_longest_stall_seconds_count",
    ]
  ) assertEquals(found[name], 0, name);
  assertEquals(Object.keys(found).filter((name) => !name.startsWith("sphttp_")), []);
});

Deno.test("Metrics.request() counts by status", async () => {
  const metrics = new Metrics();
  for (const status of [200, 206, 206, 416]) metrics.request(status);
  const found = await samples(metrics);
  assertEquals(found['sphttp_requests_total{status="206"}'], 2);
  assertEquals(found['sphttp_requests_total{status="416"}'], 1);
});

Deno.test("Metrics.refused() counts refused downloads", async () => {
  const metrics = new Metrics();
  metrics.refused();
  const found = await samples(metrics);
  assertEquals(found['sphttp_downloads_total{outcome="refused"}'], 1);
  assertEquals(found["sphttp_downloads_under_way"], 0);
});

Deno.test("Metrics.download() counts while the download runs, each byte once", async () => {
  const metrics = new Metrics();
  const one = mirror("http://one.example:81/file");
  const two = mirror("https://two.example/file");
  const now = stats({ mirrors: [one, two] });
  const download = metrics.download(() => now);
  const bytes = (found: Record<string, number>) =>
    ["one.example:81", "two.example"].map((host) =>
      found[`sphttp_mirror_bytes_total{host="${host}"}`]
    );
  let found = await samples(metrics);
  assertEquals(found["sphttp_downloads_under_way"], 1);
  assertEquals(bytes(found), [undefined, undefined], "a host that brought nothing has no place");

  Object.assign(now, { bufferedBytes: 30, wastedBytes: 50 });
  Object.assign(one, { bytes: 100, duplicates: 2 });
  for (let times = 0; times < 2; times++) {
    found = await samples(metrics);
    assertEquals(bytes(found), [100, undefined]);
    assertEquals(found["sphttp_buffer_bytes"], 30);
    assertEquals(found["sphttp_duplicate_requests_total"], 2);
    assertEquals(found["sphttp_wasted_bytes_total"], 0);
  }

  Object.assign(now, { wastedBytes: 7, firstByteMs: 200 });
  Object.assign(one, { bytes: 150, duplicates: 3 });
  two.bytes = 5;
  download.end("complete", 1.5);
  download.end("failed", 99);
  found = await samples(metrics);
  assertEquals(bytes(found), [150, 5]);
  assertEquals(found["sphttp_duplicate_requests_total"], 3);
  assertEquals(found["sphttp_wasted_bytes_total"], 7);
  assertEquals(found["sphttp_buffer_bytes"], 0);
  assertEquals(found["sphttp_downloads_under_way"], 0);
  assertEquals(found['sphttp_downloads_total{outcome="complete"}'], 1);
  assertEquals(found['sphttp_downloads_total{outcome="failed"}'], 0);
  assertEquals(found['sphttp_first_byte_seconds_bucket{le="0.1"}'], 0);
  assertEquals(found['sphttp_first_byte_seconds_bucket{le="0.25"}'], 1);
  assertEquals(found['sphttp_first_byte_seconds_bucket{le="+Inf"}'], 1);
  assertEquals(found["sphttp_longest_stall_seconds_sum"], 1.5);
});

Deno.test("Metrics.download() measures nothing without a first byte", async () => {
  const metrics = new Metrics();
  metrics.download(() => stats()).end("cancelled");
  const found = await samples(metrics);
  assertEquals(found["sphttp_first_byte_seconds_count"], 0);
  assertEquals(found["sphttp_longest_stall_seconds_count"], 0);
  assertEquals(found['sphttp_downloads_total{outcome="cancelled"}'], 1);
});

Deno.test("Metrics.download() adds up downloads, with labels for a hundred hosts", async () => {
  const metrics = new Metrics();
  const mirrors = Array.from(
    { length: 120 },
    (_, index) => mirror(`http://n${index}.example/f`, { bytes: index < 10 ? 0 : 1 }),
  );
  for (let times = 0; times < 3; times++) {
    metrics.download(() => stats({ mirrors, bufferedBytes: 1 }));
  }
  const found = await samples(metrics);
  const hosts = Object.keys(found).filter((name) => name.startsWith("sphttp_mirror_bytes"));
  assertEquals(hosts.length, 101);
  assertEquals(found['sphttp_mirror_bytes_total{host="n109.example"}'], 3);
  assertEquals(found['sphttp_mirror_bytes_total{host="other"}'], 30);
  assertEquals(found["sphttp_downloads_under_way"], 3);
  assertEquals(found["sphttp_buffer_bytes"], 3);
});

Deno.test("Metrics: instances are independent", async () => {
  const [one, two] = [new Metrics(), new Metrics()];
  one.request(200);
  assertEquals((await samples(two))['sphttp_requests_total{status="200"}'], undefined);
});
