/**
 * The mirrors' time of a file, for `-R`.
 *
 * @module
 */

/**
 * The moment that a `Last-Modified` names (RFC 9110 section 5.6.7, the obsolete forms too);
 * `undefined` where there is none, or one that no file can have.
 */
export function remoteTime(lastModified: string | undefined): Date | undefined {
  const text = lastModified?.trim() ?? "";
  if (!/^[a-z]{3,9},? /i.test(text)) return undefined;
  // asctime names no zone; all forms are in GMT.
  const date = new Date(text.endsWith("GMT") ? text : `${text} GMT`);
  return date.getTime() >= 0 ? date : undefined;
}
