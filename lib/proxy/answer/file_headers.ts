/**
 * The headers of a file: those that the mirrors report, and a name and a type for players where the
 * mirrors report none.
 *
 * @module
 */

import { contentDisposition } from "../../http/name/content_disposition.ts";
import { fileNameInUrl } from "../../http/name/file_name.ts";
import { isUnknownType, mediaTypeOfName, parseMediaType } from "../../http/name/media_type.ts";
import type { ProxyQuery } from "../request/query.ts";
import { filePolicy } from "./headers.ts";
import type { FileRecord } from "./file/known_files.ts";

/** A file as a client asks for it. */
export interface NamedFile {
  readonly query: ProxyQuery;
  /** The name in the path of the request. */
  readonly name: string | undefined;
}

/** Returns the headers of a 200 for the file. */
export function fileHeaders(
  { info, file, etag, lastModified }: FileRecord,
  { query, name }: NamedFile,
): Headers {
  // The name that the client gave, then those of the mirrors' URLs, then the one that a mirror gave.
  const names = [name ?? "", ...query.mirrors.map(fileNameInUrl), info.fileName ?? ""]
    .filter((one) => one !== "");
  const telling = names.find((one) => mediaTypeOfName(one) !== undefined);
  const contentType = typeOf(info.contentType, telling);
  const headers = new Headers({
    "content-type": contentType,
    "content-security-policy": filePolicy(contentType),
    // What is kept may be used only after a question whether it is still the file.
    "cache-control": "no-cache",
    "accept-ranges": file === undefined ? "none" : "bytes",
  });
  if (info.size !== undefined) headers.set("content-length", `${info.size}`);
  if (etag !== undefined) headers.set("etag", etag);
  if (lastModified !== undefined) headers.set("last-modified", lastModified);
  const shown = name ?? telling ?? names[0];
  if (query.download) headers.set("content-disposition", contentDisposition(shown ?? ""));
  else if (shown !== undefined) {
    headers.set("content-disposition", contentDisposition(shown, "inline"));
  }
  return headers;
}

/**
 * Returns the type that a mirror reports if it says anything, else that of a telling name. What is not
 * one media type is not sent: a browser might choose another part of it than {@linkcode filePolicy}.
 */
function typeOf(reported: string | undefined, telling: string | undefined): string {
  const type = parseMediaType(reported);
  const named = isUnknownType(type) && telling !== undefined ? mediaTypeOfName(telling) : undefined;
  return named ?? type ?? "application/octet-stream";
}
