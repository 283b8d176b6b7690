/**
 * Samples: the first bytes of the file, as each mirror has it. They are compared by their digests, and
 * kept until those of one mirror are used.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import type { Hashes } from "../../http/hashes.ts";
import { fileNameInUrl } from "../../http/name/file_name.ts";
import { readErrorText } from "../../http/name/error_text.ts";
import { type Page, readPage } from "../../http/name/html.ts";
import { sha256Of } from "../../hashing/platform_hash.ts";
import type { BodyReader } from "../../transport/responses/body.ts";
import type { Reply } from "../../transport/exchange.ts";
import type { FileInfo } from "../memory/known_file.ts";

export interface SamplesOptions {
  /** The mirrors' URLs, without credentials, in their order: others may follow. */
  readonly urls: readonly string[];
  /** Whether a web page, or an error text, counts like any other file. */
  readonly allowHtml: boolean;
  /** A name of the file that the caller knows. */
  readonly expectedName: string | undefined;
  /** Whether digests of all pieces are expected: nothing else is compared. */
  readonly arePiecesExpected: boolean;
}

/** The first bytes of a file. */
interface Sample {
  readonly mirror: number;
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly reply: Reply;
}

/** What is wanted as a sample. */
interface Wanted extends ByteRange {
  readonly request: number;
  readonly mirror: number;
}

/** What the scheduler learns of a sample. */
interface SampleFacts {
  readonly length: number;
  /** Digest of the bytes; `undefined` where fewer arrived than were wanted. */
  readonly digest: string | undefined;
  /** Set if they are the beginning of a web page, or of a text that may be sent instead of the file. */
  readonly page: Page | undefined;
  /** Hashes of the whole file that the mirror gives. */
  readonly hashes?: Hashes | undefined;
}

/** Stands for the digest of all samples where the file's pieces are compared with expected digests. */
export const PIECES_DECIDE = "pieces";

export class Samples {
  readonly #options: SamplesOptions;
  /** By the number of the request. */
  readonly #samples = new Map<number, Sample>();

  constructor(options: SamplesOptions) {
    this.#options = options;
  }

  /** Returns the sample that the request `request` brought. */
  get(request: number): Sample | undefined {
    return this.#samples.get(request);
  }

  /** Forgets all samples. */
  clear(): void {
    this.#samples.clear();
  }

  /** Returns what a mirror's response says about the file. */
  aboutOf(mirror: number): Omit<FileInfo, "size" | "mirrors"> {
    const { reply } = [...this.#samples.values()].find((sample) => sample.mirror === mirror)!;
    const { contentType, fileName, validators: { etag, lastModified }, elsewhere } = reply;
    return { contentType, fileName, etag, lastModified, elsewhere };
  }

  /**
   * Reads the first bytes of a body, which begins with the byte `offset` of the file, and keeps them; calls
   * `onProgress` as they arrive. Keeps nothing, and returns no digest, once `signal` has aborted.
   */
  async read(
    { request, mirror, start, end }: Wanted,
    { offset, reply }: { readonly offset: number; readonly reply: Reply },
    { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: () => void },
  ): Promise<SampleFacts> {
    const { answer } = reply;
    const bodyEnd = answer.type === "partial" ? answer.end : Infinity;
    const buffer = new Uint8Array(Math.min(bodyEnd, end) - start);
    const length = await fill(buffer, reply.body, onProgress);
    // Its connection can serve another request only once the end of the body has been read.
    if (offset + length === bodyEnd) await reply.body.read();
    const bytes = buffer.subarray(0, length);
    // Only the same bytes can be compared: as many as requested, or the whole file.
    const { size = Infinity } = answer;
    const comparable = offset === start && length === Math.min(end, size) - start;
    const sha256 = comparable ? await sha256Of(bytes) : undefined;
    // One that is short enough to be shown.
    const digest = this.#options.arePiecesExpected ? PIECES_DECIDE : sha256?.slice(0, 16);
    if (signal.aborted) return { length, digest: undefined, page: undefined };
    this.#samples.set(request, { mirror, offset, bytes, reply });
    const isWhole = length < buffer.length;
    const page = offset === 0 && start === 0
      ? this.#pageOf(bytes, answer.size ?? (isWhole ? length : undefined), mirror, reply)
      : undefined;
    const hashes = this.#options.arePiecesExpected
      ? undefined
      : hashesOfFile(reply, sha256, length);
    return { length, digest, page, hashes };
  }

  #pageOf(
    firstBytes: Uint8Array,
    size: number | undefined,
    mirror: number,
    { place, fileName, contentType }: Reply,
  ): Page | undefined {
    const { allowHtml, expectedName, urls } = this.#options;
    if (allowHtml) return undefined;
    const names = [expectedName, fileName, ...[urls[mirror]!, place].map(fileNameInUrl)]
      .filter((name) => name !== undefined);
    return readPage(firstBytes, names) ?? readErrorText(firstBytes, { size, contentType, names });
  }
}

/**
 * Returns the hashes of the file that a response gives. Some servers give that of the part: `sample` is that of
 * the first `length` bytes, which shows it where the part has no more.
 */
function hashesOfFile(
  { answer, digests: { hashes, doubtful = [] } }: Reply,
  sample: string | undefined,
  length: number,
): Hashes | undefined {
  const { size } = answer;
  if (sample !== undefined && sample === hashes["sha-256"] && length !== size) return undefined;
  const isPart = answer.type === "partial" && answer.end - answer.start !== size;
  if (!isPart || length === answer.end - answer.start) return hashes;
  const sure = Object.entries(hashes).filter(([type]) => !doubtful.some((one) => one === type));
  return Object.fromEntries(sure);
}

/** Fills a buffer from a body; returns how many bytes came. */
export async function fill(
  buffer: Uint8Array,
  body: BodyReader,
  onProgress: (length: number) => void = () => {},
): Promise<number> {
  let length = 0;
  while (length < buffer.byteLength) {
    const chunk = await body.borrow(buffer.byteLength - length);
    if (chunk === undefined) break;
    buffer.set(chunk, length);
    length += chunk.byteLength;
    onProgress(chunk.byteLength);
  }
  return length;
}
