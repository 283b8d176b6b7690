/**
 * A file that a command downloads, and what its download works with.
 *
 * @module
 */

import type { DiscoveryOptions, DownloaderOptions } from "../../../../mod.ts";
import type { ConditionOptions } from "../../arguments/conditions.ts";
import type { RequestedRange } from "../../arguments/values/request_values.ts";
import type { Checksum } from "../../checksum/checksum.ts";
import type { Reserve } from "../../mirrors/spares.ts";
import type { TargetOptions } from "../../output/target.ts";
import type { FileReport } from "../../report/report.ts";
import type { FindChecks } from "../checks/checks.ts";

/** A file to download. */
export interface FileTask {
  /** Its number, from 0. */
  readonly number: number;
  /** Number of files. */
  readonly of: number;
  /** Its name in messages until its path is known. */
  readonly name: string;
  /** URLs of its mirrors, including credentials. */
  readonly urls: readonly string[];
  /** Mirrors in reserve. */
  readonly reserve: Reserve | undefined;
  /** Messages about the choice of the mirrors. */
  readonly notes: readonly string[];
  readonly target: TargetOptions;
  readonly range: RequestedRange | undefined;
  readonly conditions: ConditionOptions;
  readonly checksums: readonly Checksum[];
  /** Finds further checks, before the download begins. */
  readonly findChecks: FindChecks | undefined;
  readonly options: DownloaderOptions;
  /**
   * What happens if it turns out to be a Metalink: its files are downloaded instead, it is saved, or it is
   * refused, as a Metalink that leads to another one.
   */
  readonly ifMetalink: "follow" | "save" | "refuse";
  /** How mirrors that its server names are used; `undefined` if they are not. */
  readonly discovery?: DiscoveryOptions | undefined;
}

/** What the download of a file works with. */
export interface FileContext {
  /** Ends the work when it aborts, with a {@linkcode CommandError} as the reason. */
  readonly signal: AbortSignal;
  /** Receives its events. */
  readonly report: FileReport;
  readonly options: DownloaderOptions;
}
