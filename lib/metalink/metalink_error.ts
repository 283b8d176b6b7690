/**
 * The error of a Metalink that cannot be used.
 *
 * @module
 */

import { SphttpError } from "../errors.ts";

/** What is wrong with a Metalink. */
export type MetalinkFault =
  /** It is larger, deeper or has more elements than any real one. */
  | "size"
  /** It is not well-formed XML, or uses an entity that XML does not define. */
  | "xml"
  /** It declares entities of its own. */
  | "entities"
  /** It is XML, but not a Metalink. */
  | "root"
  /** It lists no file. */
  | "empty"
  /** A file has no name, a path that leads elsewhere, or the name of another one. */
  | "name"
  /** The size of a file is not a number of bytes. */
  | "file-size"
  /** A hash has the wrong length, is not hexadecimal, or contradicts another one. */
  | "hash"
  /** The hashes of pieces do not add up to the file. */
  | "pieces"
  /** No file has an http or https URL. */
  | "urls";

/** A Metalink cannot be used. The message says why, and where in the text as far as that is known. */
export class MetalinkError extends SphttpError {
  /** The name of the class. */
  override name = "MetalinkError";
  /** What is wrong. */
  readonly fault: MetalinkFault;
  /** The line in the text, from 1; `undefined` if it concerns the whole. */
  readonly line: number | undefined;

  /** Creates the error; its message has the line, if there is one. */
  constructor(fault: MetalinkFault, message: string, line?: number) {
    super(line === undefined ? message : `line ${line}: ${message}`);
    this.fault = fault;
    this.line = line;
  }
}
