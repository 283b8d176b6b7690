/**
 * Byte ranges: the one type for them, used by the engine and the commands alike.
 *
 * @module
 */

/** A half-open range of bytes: from `start` up to, but not including, `end`. */
export interface ByteRange {
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset behind the last byte. */
  readonly end: number;
}
