/**
 * Reads archives of regular files in GNU tar's form of the ustar format, as `deno publish` and `tar` make them.
 *
 * @module
 */

const BLOCK = 512;
const DIRECTORY = "5";

/** Returns the files of a gzipped archive by their paths. */
export async function filesOfArchive(
  gzipped: Uint8Array<ArrayBuffer>,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const stream = new Blob([gzipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  const archive = await new Response(stream).bytes();
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  // A name of more than 100 bytes is the content of an entry before that of the file.
  let longName: string | undefined;
  // Two blocks of zeros end the archive.
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const header = archive.subarray(at, at + BLOCK);
    const size = parseInt(text(header.subarray(124, 136)), 8);
    const content = archive.slice(at + BLOCK, at + BLOCK + size);
    const type = String.fromCharCode(header[156]!);
    if (type === "L") longName = text(content);
    else if (type === "0" || type === "\0") {
      files.set(longName ?? text(header.subarray(0, 100)), content);
      longName = undefined;
    } else if (type !== DIRECTORY) {
      throw new Error(`the archive has an entry of type ${JSON.stringify(type)}`);
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/** Returns the text of a field, which ends at its first NUL. */
function text(field: Uint8Array): string {
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end)).trim();
}
