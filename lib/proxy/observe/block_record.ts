/**
 * Which mirror brought which block of a download, in the order in which they came, within a bounded
 * memory: of a large file, neighbouring blocks are one cell.
 *
 * @module
 */

/** The most cells: 128 KiB for one download, and more than a page can show. */
const MOST_CELLS = 16 * 1024;

/** The blocks of one download that are complete. */
export class BlockRecord {
  /** How many blocks are one cell. */
  readonly blocksPerCell: number;
  /** Blocks that each cell still lacks. */
  readonly #lacking: Uint32Array;
  /** Cells that lack none, the first one first, */
  readonly #cells: Uint16Array;
  /** and the mirror that brought the last block of each. */
  readonly #mirrors: Uint16Array;
  #length = 0;

  /** Makes room for so many blocks; 0 where that is not known: then the first ones are kept. */
  constructor(blocks: number) {
    this.blocksPerCell = Math.max(1, Math.ceil(blocks / MOST_CELLS));
    const count = blocks === 0 ? MOST_CELLS : Math.ceil(blocks / this.blocksPerCell);
    this.#lacking = new Uint32Array(count).fill(this.blocksPerCell);
    if (blocks > 0) this.#lacking[count - 1] = blocks - (count - 1) * this.blocksPerCell;
    this.#cells = new Uint16Array(count);
    this.#mirrors = new Uint16Array(count);
  }

  /** How many cells are complete. */
  get length(): number {
    return this.#length;
  }

  /** Notes that a mirror, by its index, completed a block. */
  add(block: number, mirror: number): void {
    const cell = Math.floor(block / this.blocksPerCell);
    const lacking = this.#lacking[cell];
    if (lacking === undefined || lacking === 0) return;
    this.#lacking[cell] = lacking - 1;
    if (lacking > 1) return;
    this.#cells[this.#length] = cell;
    this.#mirrors[this.#length] = mirror;
    this.#length++;
  }

  /** Complete cells behind the first `from` ones, with their mirrors. */
  *since(from: number): Generator<[cell: number, mirror: number]> {
    for (let index = from; index < this.#length; index++) {
      yield [this.#cells[index]!, this.#mirrors[index]!];
    }
  }
}
