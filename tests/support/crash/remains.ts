/**
 * What a download leaves in its directory when its process is killed, held against the file it was to
 * become.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { crc32 } from "node:zlib";
import { parseRecord } from "../../../lib/cli/part/resume_record.ts";
import type { Content } from "../lab/content.ts";
import type { Workplace } from "../workplace.ts";

/** Name of the file that is downloaded, and of those that the command writes besides. */
export const NAMES = { file: "f", etag: "f.etag", book: "book.json", trace: "trace.ndjson" };

/** What may be left while a file is replaced; only the record's is removed by the next run. */
const TEMPORARY = /^(f\.part\.json\.new|\.sphttp-[0-9a-f-]{36}\.tmp)$/;

/** How far a download had come. */
export type Stage = "nothing" | "no byte" | "some bytes" | "all bytes" | "the file";

/** What was found. */
export interface Remains {
  readonly stage: Stage;
  /** Length of the part file, or of the file. */
  readonly bytes: number;
  /** Whether the bytes have a record, */
  readonly recorded: boolean;
  /** and the mirrors in it. */
  readonly mirrors: readonly string[];
  /** Whether a file was being replaced. */
  readonly replacing: boolean;
}

/**
 * Checks what is left: a part file is the beginning of the file, its record describes it, the file has its
 * name only when it is complete, and no other file is half-written.
 */
export function checkRemains(place: Workplace, content: Content, etag: string): Remains {
  const { file, etag: tag, book, trace } = NAMES;
  const names = new Set(place.names());
  const replacing = [...names].some((name) => TEMPORARY.test(name));
  if (names.has(tag)) assertEquals(place.readText(tag), `${etag}\n`);
  if (names.has(book)) JSON.parse(place.readText(book));
  // The last line is the one that was being written.
  if (names.has(trace)) {
    place.readText(trace).split("\n").slice(0, -1).forEach((l) => JSON.parse(l));
  }
  const known = [file, `${file}.part`, `${file}.part.json`, tag, book, trace];
  assertEquals([...names].filter((name) => !known.includes(name) && !TEMPORARY.test(name)), []);
  if (names.has(file)) {
    assert(!names.has(`${file}.part`), "the file and its part file");
    assert(!names.has(`${file}.part.json`), "a record without its part file");
    const { byteLength } = place.read(file);
    assertEquals(byteLength, content.size);
    assertBeginning(place.read(file), content);
    return { stage: "the file", bytes: content.size, recorded: false, mirrors: [], replacing };
  }
  const recorded = names.has(`${file}.part.json`);
  if (!names.has(`${file}.part`)) {
    assert(!recorded, "a record without its part file");
    return { stage: "nothing", bytes: 0, recorded, mirrors: [], replacing };
  }
  const part = place.read(`${file}.part`);
  assertBeginning(part, content);
  const mirrors = recorded
    ? checkRecord(place.readText(`${file}.part.json`), part, content.size)
    : [];
  const bytes = part.byteLength;
  const stage = bytes === 0 ? "no byte" : bytes < content.size ? "some bytes" : "all bytes";
  return { stage, bytes, recorded, mirrors, replacing };
}

function assertBeginning(bytes: Uint8Array, content: Content): void {
  assert(bytes.byteLength <= content.size, `${bytes.byteLength} bytes of ${content.size}`);
  const expected = content.read(0, bytes.byteLength);
  const at = bytes.findIndex((byte, index) => byte !== expected[index]);
  assert(at < 0, `a wrong byte at ${at} of ${bytes.byteLength}`);
}

/** Checks a record: what it says of bytes that are in the part file is true. Returns the mirrors in it. */
function checkRecord(text: string, part: Uint8Array, size: number): readonly string[] {
  const record = parseRecord(text);
  if (typeof record === "number") throw new Error(`a record of version ${record}`);
  assertEquals([record.size, record.start], [size, 0]);
  let at = 0;
  for (const { start, end, crc32: sum } of record.pieces) {
    assertEquals(start, at);
    at = end;
    // Bytes are summed up when they arrive, and may not have been written yet.
    if (end <= part.byteLength) assertEquals(crc32(part.subarray(start, end)), sum);
  }
  assert(at <= size, `sums of ${at} bytes of ${size}`);
  return record.mirrors.map(({ url }) => url);
}
