/**
 * What is requested from a mirror, and what comes of it.
 *
 * @module
 */

import type { Digests } from "../http/digest.ts";
import type { Elsewhere } from "../http/duplicates.ts";
import type { RequestedRange, UsableResponse } from "../http/response/response_check.ts";
import type { Validators } from "../http/validators.ts";
import type { BodyReader } from "./responses/body.ts";
import type { Judgement } from "./responses/mirror_memory.ts";

/** What is requested from a mirror, and to what end. */
export interface Requested extends RequestedRange {
  /**
   * `first`: nothing of the mirror was used before, so that its validators begin with this response;
   * `check`: bytes to compare, with whatever validators they come.
   *
   * @default {"part"}
   */
  readonly purpose?: "first" | "part" | "check" | undefined;
  /** Whether a total in the response is verified: other mirrors say another size. */
  readonly measures?: boolean | undefined;
}

/** A usable response. */
export interface Reply extends Judgement {
  /** The URL that answered. */
  readonly place: string;
  /** Where the mirror's redirects led; `undefined` if there were none. */
  readonly location: URL | undefined;
  readonly answer: UsableResponse;
  readonly validators: Validators;
  readonly contentType: string | undefined;
  /** The name in Content-Disposition, not made safe. */
  readonly fileName: string | undefined;
  /** The content coding with which the file is stored. */
  readonly encoding: string | undefined;
  /** Hashes of the whole file, and why others are ignored. */
  readonly digests: Digests;
  /** Where else the file is, as the response to a first request says. */
  readonly elsewhere: Elsewhere | undefined;
  readonly body: BodyReader;
}
