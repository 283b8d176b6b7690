/**
 * Types of the messages that `/live` sends as server-sent events, shared by the server and the
 * page's script. Imports nothing: the page is type-checked against the DOM, the server against Deno.
 *
 * @module
 */

/** The changes since the last message. */
export interface LiveMessage {
  /** Origins of the file's mirrors; blocks and figures refer to them by index. */
  readonly mirrors: readonly string[];
  /** The downloads that run, and those that ended since the last message. */
  readonly downloads: readonly LiveDownload[];
  /** The blocks completed since the last message. */
  readonly blocks: readonly LiveBlock[];
}

/**
 * A completed block: the download's id, the block's index in it, the index of the mirror that
 * delivered it, or a part of it.
 */
export type LiveBlock = readonly [download: number, block: number, mirror: number];

/** The progress of one download. Positions and sizes are in bytes, 0 where unknown. */
export interface LiveDownload {
  readonly id: number;
  readonly start: number;
  readonly end: number;
  /** Size of the whole file. */
  readonly size: number;
  readonly blockSize: number;
  readonly outcome: "running" | "complete" | "failed" | "cancelled";
  readonly elapsedMs: number;
  readonly bytesPerSecond: number;
  /** Position of the next byte to deliver. */
  readonly front: number;
  readonly buffered: number;
  readonly perMirror: readonly LiveMirror[];
}

/** What one mirror does for one download. */
export interface LiveMirror {
  readonly state:
    | "probing"
    | "spare"
    | "idle"
    | "busy"
    | "waiting"
    | "retired"
    | "closed"
    | "dropped";
  readonly bytesPerSecond: number;
  readonly bytes: number;
  readonly failures: number;
}
