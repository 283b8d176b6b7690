import { assertEquals } from "@std/assert";
import { PieceProofs } from "../../../lib/engine/delivery/piece_proofs.ts";
import { ReorderBuffer } from "../../../lib/engine/delivery/reorder_buffer.ts";
import type { PieceEvent } from "../../../lib/scheduler/messages.ts";
import { bytesContent, piecesOf } from "../../support/lab/content.ts";

const FILE = Uint8Array.from({ length: 95 }, (_, index) => index);
const LENGTH = 20;

/** Proofs of a file of five pieces, with what they report. */
class Scene {
  readonly buffer = new ReorderBuffer(0);
  readonly events: PieceEvent[] = [];
  end = FILE.length;
  readonly proofs = new PieceProofs({
    pieces: piecesOf(bytesContent(FILE), LENGTH),
    start: 0,
    buffer: this.buffer,
    end: () => this.end,
    onEvent: (event) => void this.events.push(event),
    onProved: () => {},
    fail: (error) => {
      throw error;
    },
  });

  write(start: number, end: number, mirror: number, flipped?: number): void {
    const bytes = FILE.slice(start, end);
    if (flipped !== undefined) bytes[flipped - start]! ^= 1;
    this.buffer.write(start, bytes);
    this.proofs.note(start, end, mirror);
  }

  /** Waits until all digests are known. */
  async reported(): Promise<PieceEvent[]> {
    for (let turn = 0; turn < 5; turn++) await this.idle();
    return this.events.splice(0);
  }

  private async idle(): Promise<void> {
    // Digests are computed on another thread, in this order.
    await crypto.subtle.digest("SHA-256", new Uint8Array(LENGTH));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }

  read(): number[] {
    const bytes: number[] = [];
    for (let part; (part = this.buffer.read()) !== undefined;) bytes.push(...part);
    return bytes;
  }
}

const proved = (start: number, end: number, ...liars: number[]) => ({
  type: "proved",
  start,
  end,
  liars,
});

const sender = (mirror: number, ...ranges: [start: number, end: number][]) => ({
  mirror,
  ranges: ranges.map(([start, end]) => ({ start, end })),
});

Deno.test("PieceProofs: bytes may be read once all before the end of their piece are proved", async () => {
  const scene = new Scene();
  scene.write(20, 45, 1);
  scene.write(0, 15, 0);
  assertEquals([await scene.reported(), scene.read()], [[proved(20, 40)], []]);
  scene.write(15, 20, 2);
  assertEquals([await scene.reported(), scene.read()], [[proved(0, 20)], [...FILE.slice(0, 40)]]);
});

Deno.test("PieceProofs: the last piece is shorter, and complete when it is known where the file ends", async () => {
  const scene = new Scene();
  scene.end = Infinity;
  scene.write(0, 95, 0);
  assertEquals((await scene.reported()).length, 4);
  scene.end = 95;
  scene.proofs.close();
  assertEquals([await scene.reported(), scene.read()], [[proved(80, 95)], [...FILE]]);
});

Deno.test("PieceProofs: a bad piece has senders, each with what was kept of it", async () => {
  const scene = new Scene();
  scene.write(0, 10, 0);
  // Bytes that are held already are not its own.
  scene.write(5, 15, 1, 12);
  scene.write(12, 20, 2);
  const senders = [sender(0, [0, 10]), sender(1, [10, 15]), sender(2, [15, 20])];
  const event = { type: "disproved", start: 0, end: 20, senders };
  assertEquals([await scene.reported(), scene.read()], [[event], []]);
});

Deno.test("PieceProofs: right bytes take the place of wrong ones, and show whose were wrong", async () => {
  const scene = new Scene();
  scene.write(0, 30, 0, 12);
  scene.write(30, 60, 1);
  await scene.reported();
  await scene.proofs.repaired(0, FILE.slice(0, 20).fill(7), 2);
  const again = { type: "disproved", start: 0, end: 20, senders: [sender(2)] };
  assertEquals([await scene.reported(), scene.read()], [[again], []]);
  await scene.proofs.repaired(0, FILE.slice(0, 20), 1);
  assertEquals(await scene.reported(), [proved(0, 20, 0)] as PieceEvent[]);
  assertEquals(scene.read(), [...FILE.slice(0, 60)]);
  assertEquals(scene.buffer.held, 0);
});

Deno.test("PieceProofs: a part of a bad piece mends it, if all that was wrong is in it", async () => {
  const scene = new Scene();
  scene.write(0, 8, 0);
  scene.write(8, 14, 1, 12);
  scene.write(14, 20, 2);
  await scene.reported();
  await scene.proofs.repaired(0, FILE.slice(0, 8), 2);
  const still = { type: "disproved", start: 0, end: 20, senders: [] };
  assertEquals([await scene.reported(), scene.read()], [[still], []]);
  await scene.proofs.repaired(8, FILE.slice(8, 14), 0);
  assertEquals(await scene.reported(), [proved(0, 20, 1)] as PieceEvent[]);
  assertEquals([scene.read(), scene.buffer.held], [[...FILE.slice(0, 20)], 0]);
});

Deno.test("PieceProofs: what is forgotten has to come again, also while its digest is computed", async () => {
  const scene = new Scene();
  scene.write(0, 60, 0, 50);
  scene.buffer.drop(20);
  scene.proofs.forget(20);
  assertEquals(await scene.reported(), [proved(0, 20)] as PieceEvent[]);
  scene.write(20, 60, 1);
  assertEquals(await scene.reported(), [proved(20, 40), proved(40, 60)] as PieceEvent[]);
  assertEquals(scene.read(), [...FILE.slice(0, 60)]);
});

Deno.test("PieceProofs: bytes behind the last digest are wrong", async () => {
  const scene = new Scene();
  scene.end = Infinity;
  scene.buffer.write(100, new Uint8Array(20));
  scene.proofs.note(100, 120, 3);
  const senders = [sender(3, [100, 120])];
  assertEquals(
    await scene.reported(),
    [{ type: "disproved", start: 100, end: 120, senders }] as PieceEvent[],
  );
});
