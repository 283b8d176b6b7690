/**
 * Metalinks: XML documents that list the mirrors of files, with hashes to prove them (RFC 5854, and
 * version 3 before it).
 *
 * @example Download the first file of a Metalink
 * ```ts ignore
 * import { Downloader } from "@x/sphttp";
 * import { parseMetalink } from "@x/sphttp/metalink";
 *
 * const { files: [file] } = parseMetalink(await Deno.readTextFile("film.meta4"));
 * const download = new Downloader(file!.urls.map(({ url }) => url));
 * ```
 *
 * @module
 */

export { type DescribedFile, formatMetalink } from "./lib/metalink/format_metalink.ts";
export {
  decodeMetalink,
  type Metalink,
  parseMetalink,
  type ParseMetalinkOptions,
} from "./lib/metalink/metalink.ts";
export { MetalinkError, type MetalinkFault } from "./lib/metalink/metalink_error.ts";
export type {
  MetalinkFile,
  MetalinkPublisher,
  MetalinkSignature,
  MetalinkUrl,
  MetalinkVersion,
  RejectedUrl,
} from "./lib/metalink/metalink_file.ts";
export { MAX_METALINK_LENGTH } from "./lib/metalink/xml_tree.ts";
export type { ExpectedPieces, Hashes, HashType, PieceAlgorithm } from "./lib/http/hashes.ts";
export { expectedPiecesOf, type MetalinkPieces } from "./lib/metalink/hashes.ts";
