import { assertEquals } from "@std/assert";
import type { ByteRange } from "../../../lib/http/byte_range.ts";
import { Ledger } from "../../../lib/scheduler/bytes/ledger.ts";
import { mulberry32 } from "../../support/random.ts";

/** 45 bytes from byte 100 on, in blocks of 10: the last one has 5. */
function ledger(): Ledger {
  return new Ledger(100, 145, 10);
}

function freePieces(books: Ledger): [number, number][] {
  return Array.from({ length: books.freeUnits }, (_, position) => {
    const { start, end } = books.freeUnitAt(position)!;
    return [start, end];
  });
}

Deno.test("Ledger: at first everything is free", () => {
  const books = ledger();
  assertEquals([books.start, books.front, books.end], [100, 100, 145]);
  assertEquals([books.receivedBytes, books.askedBytes], [0, 0]);
  assertEquals([books.hasFree, books.isFree(books.front), books.wasReturned(books.front)], [
    true,
    true,
    false,
  ]);
  assertEquals(books.complete, false);
  assertEquals(freePieces(books), [[100, 110], [110, 120], [120, 130], [130, 140], [140, 145]]);
  assertEquals(books.freeUnitAt(5), undefined);
});

Deno.test("Ledger: blocks count from the first byte wanted, the last one may be short", () => {
  const books = ledger();
  assertEquals([100, 109, 110, 144].map((byte) => books.blockOf(byte)), [0, 0, 1, 4]);
  assertEquals(books.blockRange(1), { start: 110, end: 120 });
  assertEquals(books.blockRange(4), { start: 140, end: 145 });
});

Deno.test("Ledger.firstBlockFrom() is the first block that begins at a byte or after it", () => {
  const books = ledger();
  const blocks = [100, 101, 109, 110, 111, 140, 141].map((byte) => books.firstBlockFrom(byte));
  assertEquals(blocks, [0, 1, 1, 1, 2, 4, 5]);
});

Deno.test("Ledger.free, isFree() and freeIn(): which bytes are free, whatever the blocks", () => {
  const books = ledger();
  assertEquals(books.free, [{ start: 100, end: 145 }]);
  books.take(103, 118);
  books.take(125, 130);
  assertEquals(books.free, [
    { start: 100, end: 103 },
    { start: 118, end: 125 },
    { start: 130, end: 145 },
  ]);
  const free = [99, 100, 102, 103, 117, 118, 144, 145].filter((byte) => books.isFree(byte));
  assertEquals(free, [100, 102, 118, 144]);
  const table = [
    [100, 145, 25],
    [0, 999, 25],
    [103, 118, 0],
    [102, 119, 2],
    [120, 132, 7],
    [120, 120, 0],
    [132, 120, 0],
  ] as const;
  for (const [start, end, count] of table) {
    assertEquals(books.freeIn(start, end), count, `${start}-${end}`);
  }
  // What is received is not free any more, though it was not requested; what is given back is.
  books.receive(100, 102);
  books.giveBack(103, 118, [{ start: 110, end: 112 }]);
  assertEquals([books.isFree(101), books.isFree(102), books.isFree(111)], [false, true, false]);
  assertEquals(books.freeIn(100, 120), 1 + 7 + 6 + 2);
});

Deno.test("Ledger.take() leaves pieces of blocks, each of which counts as one", () => {
  const books = ledger();
  books.take(110, 120);
  books.take(123, 126);
  assertEquals(freePieces(books), [[100, 110], [120, 123], [126, 130], [130, 140], [140, 145]]);
  assertEquals(books.askedBytes, 13);
});

Deno.test("Ledger.unitSize: several blocks may be requested at once, aligned to the first byte", () => {
  const books = ledger();
  books.unitSize = 20;
  assertEquals(freePieces(books), [[100, 120], [120, 140], [140, 145]]);
  assertEquals([100, 119, 120, 144].map((byte) => books.unitOf(byte)), [0, 0, 1, 2]);
  assertEquals(books.unitRange(2), { start: 140, end: 145 });
  books.take(110, 130);
  assertEquals(freePieces(books), [[100, 110], [130, 140], [140, 145]]);
  books.unitSize = 10;
  assertEquals(freePieces(books), [[100, 110], [130, 140], [140, 145]]);
});

Deno.test("Ledger.unitSize: blocks complete one by one, units wait as a whole", () => {
  const books = ledger();
  books.unitSize = 20;
  assertEquals(books.receive(120, 130).completed, [2]);
  assertEquals(books.invalidUnits, 0);
  assertEquals(books.receive(130, 145).completed, [3, 4]);
  assertEquals(books.invalidUnits, 2);
});

Deno.test("Ledger.receive() counts new bytes once and names the blocks that became complete", () => {
  const books = ledger();
  // received, new bytes, completed blocks, front
  const table = [
    [[105, 115], 10, [], 100],
    [[105, 115], 0, [], 100],
    [[112, 125], 10, [1], 100],
    [[100, 105], 5, [0], 125],
    [[90, 127], 2, [], 127],
    [[120, 140], 13, [2, 3], 140],
    [[144, 999], 1, [], 140],
    [[139, 145], 4, [4], 145],
    [[100, 145], 0, [], 145],
  ] as const;
  for (const [[start, end], bytes, completed, front] of table) {
    assertEquals(books.receive(start, end), { bytes, completed: [...completed] }, `${start}`);
    assertEquals(books.front, front, `${start}`);
  }
  assertEquals([books.complete, books.receivedBytes, books.hasFree], [true, 45, false]);
});

Deno.test("Ledger.invalidUnits counts whole units that wait, the short last one too", () => {
  const books = ledger();
  books.receive(118, 131);
  assertEquals(books.invalidUnits, 1);
  books.receive(140, 145);
  assertEquals(books.invalidUnits, 2);
  books.receive(110, 118);
  assertEquals(books.invalidUnits, 3);
  books.receive(100, 105);
  assertEquals(books.invalidUnits, 3);
  books.receive(105, 110);
  assertEquals(books.invalidUnits, 1);
  books.receive(131, 140);
  assertEquals(books.invalidUnits, 0);
});

Deno.test("Ledger.giveBack() frees neither what is received nor what another one owns", () => {
  const books = ledger();
  books.take(100, 130);
  books.receive(100, 104);
  books.receive(112, 114);
  books.giveBack(104, 130, [{ start: 120, end: 125 }]);
  assertEquals(freePieces(books), [
    [104, 110],
    [110, 112],
    [114, 120],
    [125, 130],
    [130, 140],
    [140, 145],
  ]);
  assertEquals(books.askedBytes, 5);
  assertEquals(books.wasReturned(books.front), true);
});

Deno.test("Ledger.wasReturned(): only until the front is requested or received", () => {
  const books = ledger();
  assertEquals(books.wasReturned(books.front), false);
  books.take(100, 120);
  books.giveBack(100, 120, []);
  assertEquals(books.wasReturned(books.front), true);
  books.take(100, 110);
  assertEquals([books.isFree(books.front), books.wasReturned(books.front)], [false, false]);
  books.receive(100, 110);
  assertEquals([books.front, books.wasReturned(books.front)], [110, true]);
  books.receive(110, 120);
  assertEquals([books.front, books.wasReturned(books.front)], [120, false]);
});

Deno.test("Ledger.close() sets the end of a file of unknown size", () => {
  const books = new Ledger(0, Infinity, 10);
  assertEquals(books.complete, false);
  books.receive(0, 10);
  assertEquals(books.freeUnitAt(0), { start: 10, end: 20 });
  books.close(23);
  assertEquals([books.end, books.receivedBytes, books.askedBytes], [23, 10, 0]);
  assertEquals(freePieces(books), [[10, 20], [20, 23]]);
  books.receive(10, 23);
  assertEquals([books.complete, books.hasFree], [true, false]);
});

Deno.test("Ledger.close() names the last block, where that turns out to be complete", () => {
  const table = [
    // first byte, received up to, end → completed
    [0, 23, 23, [2]],
    [0, 20, 23, []],
    [0, 20, 20, []],
    [0, 3, 3, [0]],
    [5, 17, 17, [1]],
    [0, 0, 0, []],
    [5, 5, 3, []],
  ] as const;
  for (const [start, received, end, completed] of table) {
    const books = new Ledger(start, Infinity, 10);
    books.receive(start, received);
    assertEquals(books.close(end), [...completed], `${start} to ${received} of ${end}`);
  }
});

Deno.test("Ledger: an empty file is complete as soon as its size is known", () => {
  const books = new Ledger(0, Infinity, 10);
  books.close(0);
  assertEquals([books.complete, books.hasFree, books.askedBytes], [true, false, 0]);
  assertEquals(new Ledger(0, 0, 10).complete, true);
});

type ByteState = "free" | "returned" | "received" | "owned";

/** The books as one state for each byte, and who owns it. */
class NaiveLedger {
  readonly states: ByteState[];
  unit: number;

  constructor(readonly size: number, readonly block: number) {
    this.unit = block;
    this.states = Array.from({ length: size }, () => "free");
  }

  count(...states: ByteState[]): number {
    return this.states.filter((state) => states.includes(state)).length;
  }

  isFree(byte: number): boolean {
    return this.states[byte] === "free" || this.states[byte] === "returned";
  }

  get front(): number {
    const missing = this.states.findIndex((state) => state !== "received");
    return missing < 0 ? this.size : missing;
  }

  /** Indices of the blocks, or units, of `size` bytes that have been received. */
  received(size: number): number[] {
    const indices = Array.from({ length: Math.ceil(this.size / size) }, (_, index) => index);
    return indices.filter((index) => {
      const states = this.states.slice(index * size, (index + 1) * size);
      return states.every((state) => state === "received");
    });
  }

  get freePieces(): ByteRange[] {
    const pieces: ByteRange[] = [];
    for (let start = 0; start < this.size; start++) {
      const begins = start % this.unit === 0 || !this.isFree(start - 1);
      if (!this.isFree(start) || !begins) continue;
      let end = start + 1;
      while (end < this.size && end % this.unit !== 0 && this.isFree(end)) end++;
      pieces.push({ start, end });
    }
    return pieces;
  }
}

Deno.test("Ledger agrees with a model of one state for each byte", () => {
  const random = mulberry32(23);
  const whole = (below: number) => Math.floor(random() * below);
  for (let round = 0; round < 60; round++) {
    const model = new NaiveLedger(1 + whole(90), 1 + whole(12));
    const books = new Ledger(0, model.size, model.block);
    // What live requests may still deliver: taken by one, and at times by a second one too.
    const owners: { position: number; end: number }[] = [];
    for (let step = 0; step < 200 && !books.complete; step++) {
      const pieces = model.freePieces;
      const owner = owners[whole(owners.length)];
      const choice = random();
      if (random() < 0.05) model.unit = books.unitSize = model.block * (1 + whole(3));
      if (choice < 0.35 && pieces.length > 0) {
        const { start, end } = pieces[whole(pieces.length)]!;
        owners.push({ position: start, end });
        books.take(start, end);
        model.states.fill("owned", start, end);
      } else if (choice < 0.4 && owner !== undefined) {
        owners.push({ ...owner });
      } else if (choice < 0.75 && owner !== undefined) {
        const from = owner.position;
        owner.position = Math.min(owner.end, from + 1 + whole(7));
        const before = new Set(model.received(model.block));
        let bytes = 0;
        for (let byte = from; byte < owner.position; byte++) {
          if (model.states[byte] !== "received") bytes++;
          model.states[byte] = "received";
        }
        const completed = model.received(model.block).filter((index) => !before.has(index));
        assertEquals(books.receive(from, owner.position), { bytes, completed });
      } else if (owner !== undefined) {
        owners.splice(owners.indexOf(owner), 1);
        const others = owners.map(({ position, end }) => ({ start: position, end }));
        books.giveBack(owner.position, owner.end, others);
        for (let byte = owner.position; byte < owner.end; byte++) {
          if (model.states[byte] !== "owned") continue;
          if (others.some(({ start, end }) => start <= byte && byte < end)) continue;
          model.states[byte] = "returned";
        }
      }
      compare(books, model);
    }
  }
});

function compare(books: Ledger, model: NaiveLedger): void {
  const { front, unit } = model;
  assertEquals(books.front, front);
  assertEquals(books.receivedBytes, model.count("received"));
  assertEquals(books.askedBytes, model.count("owned"));
  assertEquals(books.hasFree, model.count("free", "returned") > 0);
  assertEquals(books.complete, front === model.size);
  assertEquals(books.isFree(books.front), model.isFree(front));
  assertEquals(books.wasReturned(books.front), model.states[front] === "returned");
  const waiting = model.received(unit).filter((index) => index * unit >= front);
  assertEquals(books.invalidUnits, waiting.length);
  const pieces = model.freePieces;
  assertEquals(books.freeUnits, pieces.length);
  assertEquals(pieces.map((_, position) => books.freeUnitAt(position)), pieces);
  assertEquals(books.freeUnitAt(pieces.length), undefined);
  const [from, to] = [Math.floor(model.size / 3), Math.ceil(2 * model.size / 3)];
  let inside = 0;
  for (let byte = from; byte < to; byte++) if (model.isFree(byte)) inside++;
  assertEquals([books.freeIn(from, to), books.isFree(from)], [inside, model.isFree(from)]);
  const gaps = books.free.map(({ start, end }) => [start, end - start]);
  assertEquals(gaps.flatMap(([start]) => start), starts(model), "where gaps begin");
  const bytes = gaps.reduce((sum, [, length]) => sum + length!, 0);
  assertEquals(bytes, model.count("free", "returned"));
}

/** The bytes that are free and follow one that is not. */
function starts(model: NaiveLedger): number[] {
  return model.states.flatMap((_, byte) =>
    model.isFree(byte) && (byte === 0 || !model.isFree(byte - 1)) ? [byte] : []
  );
}

Deno.test("Ledger.forget() frees what nobody owns from a byte on, and moves the front back", () => {
  const books = ledger();
  books.take(100, 140);
  books.receive(100, 125);
  books.receive(135, 138);
  // Another request owns 125 to 135, and up to 140.
  books.forget(110, [{ start: 125, end: 130 }]);
  assertEquals([books.front, books.receivedBytes, books.askedBytes], [110, 10, 5]);
  assertEquals(books.free, [{ start: 110, end: 125 }, { start: 130, end: 145 }]);
  // These are requested as if for the first time.
  assertEquals([books.wasReturned(110), books.wasReturned(130)], [false, false]);
  books.take(110, 145);
  books.receive(110, 145);
  assertEquals([books.complete, books.receivedBytes], [true, 45]);
});

Deno.test("Ledger.forget() of a file of unknown size leaves it endless", () => {
  const books = new Ledger(0, Infinity, 10);
  books.take(0, 40);
  books.receive(0, 30);
  books.forget(20, []);
  assertEquals([books.front, books.receivedBytes], [20, 20]);
  assertEquals(books.free, [{ start: 20, end: Infinity }]);
});
