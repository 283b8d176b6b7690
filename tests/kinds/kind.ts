/**
 * A kind of server: how it behaves, and what must come of it. The tables are beside this file, a group in each;
 * `run_kind.ts` runs a kind, `other_tools.ts` shows what curl and aria2c do with it.
 *
 * @module
 */

import type { DownloaderOptions } from "../../mod.ts";
import type { Content } from "../support/lab/content.ts";
import { type Ask, latin1, type Reply, served } from "../support/lab/odd_reply.ts";

/** The exact bytes of the file, other bytes, an error whose text matches, or either the file or such an error. */
export type Expected = "file" | Content | RegExp | readonly ["file", RegExp];

/**
 * What curl and aria2c did when they were tried: `file`; an exit code; `wrong`, which is exit code 0 with other bytes;
 * or `late`, which is no end within 30 s.
 */
export type Tried = "file" | "wrong" | "late" | number;

/** A kind of server. */
export interface Kind {
  /** Its name; letters, digits and hyphens. */
  readonly name: string;
  /** How it behaves, in one line. */
  readonly does: string;
  /** What curl and aria2c do with it alone. */
  readonly tried: readonly [curl: Tried, aria2c: Tried];
  /** Returns its reply to a request. */
  readonly serve: (ask: Ask) => Reply;
  /** What comes from it alone. @default "file" */
  readonly alone?: Expected | undefined;
  /** What comes from it beside a good mirror. @default "file" */
  readonly beside?: Expected | undefined;
  /** If true, it is also tried alone with bodies that break off. @default false */
  readonly breaks?: boolean | undefined;
  /** If true, it is also tried through the proxy. @default false */
  readonly proxy?: boolean | undefined;
  /** If true, it is tried alone and by the library only, because it takes long. @default false */
  readonly long?: boolean | undefined;
  /** Number of such servers beside a good one, or alone. @default 1 */
  readonly copies?: number | undefined;
  /** Size of the file. @default {@linkcode SIZE} */
  readonly size?: number | undefined;
  /** Path and query of the file. */
  readonly path?: string | undefined;
  /** Rate of the server. @default {@linkcode RATE} */
  readonly bytesPerSecond?: number | undefined;
  readonly origins?: number | undefined;
  readonly maxConnections?: number | undefined;
  /** Options of the library, and the same as flags of the command. */
  readonly options?: DownloaderOptions | undefined;
  readonly flags?: readonly string[] | undefined;
  /** Maximum number of requests to it alone. */
  readonly maxRequests?: number | undefined;
}

/** Size of the file, in bytes. */
export const SIZE = 600_000;
/** Rate of a server, in bytes per second. */
export const RATE = 4_000_000;

/** What curl and aria2c do with a kind that both can read. */
export const BOTH: Kind["tried"] = ["file", "file"];

type More = Omit<Kind, "name" | "does" | "tried" | "serve">;

/** Makes a kind. */
export function kind(
  name: string,
  does: string,
  tried: Kind["tried"],
  serve: Kind["serve"],
  more: More = {},
): Kind {
  return { name, does, tried, serve, ...more };
}

/** Changes every answer of a server without faults. */
export const always = (change: (reply: Reply, ask: Ask) => Reply): Kind["serve"] => (ask) =>
  change(served(ask), ask);

/** Answers something else to every third request, from the second on. */
export const nowAndThen = (other: (ask: Ask) => Reply): Kind["serve"] => (ask) =>
  ask.index % 3 === 1 ? other(ask) : served(ask);

/** Sends more behind each body, each character of which is a byte. */
export const followed = (more: string): Kind["serve"] =>
  always((reply) => {
    reply.body.push(latin1(more));
    return reply;
  });
