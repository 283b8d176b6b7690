/**
 * A fault of a mirror at one byte of the file: responses that do not reach the byte are right, and every one that
 * should have it is wrong in the same way, however often it is asked for.
 *
 * @module
 */

import type { FailureReason } from "../../mod.ts";
import type { Ask, Reply } from "../support/lab/odd_reply.ts";

/** Where in the file the fault is. */
export type Position = "first" | "middle" | "last";
export const POSITIONS: readonly Position[] = ["first", "middle", "last"];

/** How many of the mirrors have the fault. */
export type Share = "alone" | "one" | "all but one" | "all";

/** Size of the file, in bytes. */
export const SIZE = 400_000;
/** The byte that a fault is at. */
export const BYTE: Readonly<Record<Position, number>> = {
  first: 2_000,
  middle: SIZE / 2,
  last: SIZE - 2_000,
};
/**
 * The range that ends at the byte or a little behind it: a response that begins before the range ends where the range
 * begins, so that the fault is always met by a request that begins there.
 */
export const ZONE_BYTES = 40_000;

/** A reply that would be right, and how it is bent. */
export interface Bent {
  readonly ask: Ask;
  /** The right reply. */
  readonly reply: Reply;
  /** The byte of its body that the fault is at. */
  readonly at: number;
}

/** Places that do not answer as mirrors do, to which a mirror may redirect. */
export interface Places {
  /** An origin at which nothing listens. */
  readonly closedOrigin: string;
  /** An origin whose certificate has expired. */
  readonly flawedOrigin: string;
  /** A name that no resolver has to ask anybody for. */
  readonly noName: string;
}

/** How a mirror is wrong. */
export type Behaviour =
  /** It bends its reply; called once for each mirror. */
  | { readonly type: "bend"; readonly make: () => (bent: Bent) => Reply }
  /** It redirects to another place; or is there itself, where the fault is at the first byte. */
  | { readonly type: "elsewhere"; readonly url: (places: Places) => string }
  | { readonly type: "redirect"; readonly url: (places: Places, own: string) => string }
  /** It speaks HTTP/2, and ends the stream or the connection. */
  | { readonly type: "http2"; readonly end: "rst" | "goaway" }
  /** It closes its port and its connections. */
  | { readonly type: "gone" };

/** A row of the matrix. */
export interface Fault {
  readonly name: string;
  /** What the mirror does, as a part of a sentence. */
  readonly does: string;
  readonly behaviour: Behaviour;
  /** What a download says of each mirror if all have the fault; `undefined` if it gets the file all the same. */
  readonly reasons: readonly FailureReason[] | undefined;
  /** What the proxy answers if all have the fault and it has not sent a byte yet. @default 502 */
  readonly status?: number | undefined;
  /** Whether it gets the file, where that depends on more than a mirror without the fault. */
  readonly gets?: ((position: Position, share: Share) => boolean) | undefined;
  /** If true, it is seen behind the first bytes only, wherever it is. */
  readonly late?: boolean | undefined;
  /** Number of timeouts within which a download ends. @default 2 */
  readonly limit?: number | undefined;
  /** The lowest rate, in bytes per second for the time of a timeout; by default there is none. */
  readonly lowestRate?: number | undefined;
}
