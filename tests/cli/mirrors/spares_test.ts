import { assertEquals } from "@std/assert";
import { type SparedDownload, Spares } from "../../../lib/cli/mirrors/spares.ts";
import type { DownloadStats, MirrorStats, TraceEvent } from "../../../mod.ts";

const A = "http://a.example/f";
const B = "http://b.example/f";
const C = "http://c.example/f";
const D = "http://d.example/f";

/** A download with these rates of its mirrors, and a log of what is added. */
function scene(rates: Record<string, number>, left = 1e9, gone: readonly string[] = []) {
  const added: string[] = [];
  const notes: string[] = [];
  const mirrors = Object.entries(rates).map(([url, bytesPerSecond]) =>
    ({ url, bytesPerSecond, state: gone.includes(url) ? "dropped" : "busy" }) as MirrorStats
  );
  const download: SparedDownload = {
    addMirror: (url) => void added.push(String(url)),
    stats: () => ({ mirrors, size: 2e9, receivedBytes: 2e9 - left }) as DownloadStats,
  };
  const spares = new Spares([C, D], (text) => notes.push(text));
  const tell = (event: TraceEvent) => spares.event(event, download);
  return { added, notes, tell };
}

function dropped(mirror: string): TraceEvent {
  return { type: "mirror", mirror, state: "dropped", message: "", atMs: 10 };
}

function failed(mirror: string, retryInMs: number | undefined): TraceEvent {
  return { type: "failure", mirror, message: "", retryInMs, atMs: 10 };
}

function received(atMs: number): TraceEvent {
  return { type: "receive", block: 0, bytes: 1, mirror: A, atMs };
}

Deno.test("Spares: the next one steps in for each mirror that is dropped, as long as there are any", () => {
  const { added, notes, tell } = scene({});
  for (const mirror of [A, B, A, C]) tell(dropped(mirror));
  assertEquals(added, [C, D]);
  assertEquals(notes[0], `${A} was dropped: ${C} steps in`);
});

Deno.test("Spares: one steps in for a mirror that is far behind twice in a row, once", () => {
  const { added, notes, tell } = scene({ [A]: 50e6, [B]: 0.1e6 });
  for (const atMs of [100, 4999, 5000, 5100]) tell(received(atMs));
  assertEquals(added, []);
  for (const atMs of [10_000, 15_000, 20_000]) tell(received(atMs));
  assertEquals(added, [C]);
  assertEquals(notes, [`${B} is far behind: ${C} steps in`]);
});

Deno.test("Spares: none steps in where all are slow, or hardly anything is left", () => {
  const table: [rates: Record<string, number>, left: number][] = [
    [{ [A]: 1e6, [B]: 0.5e6 }, 1e9],
    [{ [A]: 50e6, [B]: 1 }, 1e6],
  ];
  for (const [rates, left] of table) {
    const { added, tell } = scene(rates, left);
    for (const atMs of [5000, 10_000, 15_000]) tell(received(atMs));
    assertEquals(added, []);
  }
});

Deno.test("Spares: one steps in for the last mirror before it is dropped, as then all is over", () => {
  const { added, notes, tell } = scene({ [A]: 0, [B]: 0 }, 1e9, [A]);
  tell(failed(B, 250));
  tell(failed(B, 500));
  tell(failed(B, undefined));
  tell(dropped(B));
  assertEquals(added, [C]);
  assertEquals(notes, [`${B} has failed, and is the last one: ${C} steps in`]);
  const both = scene({ [A]: 0, [B]: 0 });
  both.tell(failed(B, 250));
  assertEquals(both.added, []);
});
