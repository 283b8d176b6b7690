import { assertEquals } from "@std/assert";
import { NoMirrorLeftError } from "../../mod.ts";
import { download } from "../support/download.ts";
import { createHash } from "node:crypto";
import { mulberry32 } from "../support/random.ts";
import { type Request, type Script, serveScript } from "../transport/scripted_server.ts";

/** How a server describes the bytes that it sends, which are those of the file. */
interface Lies {
  readonly range: (start: number, end: number, size: number, askedEnd: number) => string;
  readonly length: (sent: number, start: number, size: number) => number | undefined;
  readonly status: number;
  /** Ranges are widened to blocks of that many bytes; 0 is not at all. */
  readonly block: number;
  readonly plain: "length" | "chunked" | "206" | "403";
  readonly beyond: "416" | "bare 416" | "200" | "404";
  readonly open: "served" | "ignored" | "403";
}

const RANGES: readonly Lies["range"][] = [
  (start, end, size) => `bytes ${start}-${end - 1}/${size}`,
  (start, end, size) => `bytes=${start}-${end - 1}/${size}`,
  (start, end, size) => `${start}-${end - 1}/${size}`,
  (start, end) => `bytes ${start}-${end - 1}/*`,
  // The end of the range as the size.
  (start, end) => `bytes ${start}-${end - 1}/${end}`,
  // Not clamped.
  (start, end, size, askedEnd) =>
    `bytes ${start}-${(askedEnd === Infinity ? end : askedEnd) - 1}/${size}`,
  // The last byte is one too many.
  (start, end, size) => `bytes ${start}-${end}/${size}`,
  () => "garbage",
  () => "",
];

const LENGTHS: readonly Lies["length"][] = [
  (sent) => sent,
  (_sent, _start, size) => size,
  (_sent, start, size) => size - start,
  (sent) => sent + 500,
  () => undefined,
];

function chunked(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const text = (part: string) => new TextEncoder().encode(part);
  const chunk = bytes.length === 0
    ? []
    : [text(`${bytes.length.toString(16)}\r\n`), bytes, text("\r\n")];
  return Uint8Array.from([...chunk, text("0\r\n\r\n")].flatMap((part) => [...part]));
}

function withLength(
  script: Omit<Script, "body">,
  body: Uint8Array<ArrayBuffer>,
  length: number | undefined,
): Script {
  const field = length === undefined ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`;
  const fields = [...script.fields, field];
  return { ...script, fields, body: length === undefined ? chunked(body) : body };
}

const REFUSED: Script = { status: 403, fields: ["Content-Length: 0"] };

function answer(file: Uint8Array<ArrayBuffer>, lies: Lies, { range }: Request): Script {
  const size = file.length;
  const isOpen = range?.end === Infinity;
  if (range === undefined || (isOpen && lies.open === "ignored")) {
    if (lies.plain === "403") return REFUSED;
    const status = lies.plain === "206" ? 206 : 200;
    return withLength({ status, fields: [] }, file, lies.plain === "chunked" ? undefined : size);
  }
  if (isOpen && lies.open === "403") return REFUSED;
  if (range.start >= size) {
    if (lies.beyond === "200") return withLength({ status: 200, fields: [] }, file, size);
    const fields = lies.beyond === "416" ? [`Content-Range: bytes */${size}`] : [];
    return { status: lies.beyond === "404" ? 404 : 416, fields: [...fields, "Content-Length: 0"] };
  }
  const block = lies.block === 0 ? 1 : lies.block;
  const start = range.start - range.start % block;
  const end = Math.min(size, Math.ceil(Math.min(range.end, size) / block) * block);
  const body = file.slice(start, end);
  const field = lies.range(start, end, size, range.end);
  const fields = field === "" ? [] : [`Content-Range: ${field}`];
  return withLength({ status: lies.status, fields }, body, lies.length(body.length, start, size));
}

for (let seed = 1; seed <= 120; seed++) {
  Deno.test(`Downloader: a server that describes its bytes wrongly gives the file or an error (${seed})`, async () => {
    const random = mulberry32(seed);
    const pick = <Value>(...values: readonly Value[]): Value =>
      values[Math.floor(random() * values.length)]!;
    const size = pick(0, 1, 5000, 12_288, 12_289, 40_000, 65_536, 150_000);
    const file = Uint8Array.from({ length: size }, () => random() * 256);
    const lies: Lies = {
      range: pick(...RANGES),
      length: pick(...LENGTHS),
      status: pick(206, 206, 200),
      block: pick(0, 0, 4096, 65_536),
      plain: pick("length", "chunked", "206", "403"),
      beyond: pick("416", "bare 416", "200", "404"),
      open: pick("served", "ignored", "403"),
    };
    // With status 200 and no range, the length is that of the file, as far as anyone can tell.
    const unstated = lies.status === 200 && lies.range(0, 1, 1, 1).length < 8;
    if (unstated && (lies.block > 0 || lies.length(0, 0, 0) === 500)) return;
    await using server = serveScript((request) => answer(file, lies, request));
    const options = { splitSize: 16_384, idleTimeoutMs: 1000, maxConnectionsPerMirror: pick(2, 3) };
    const { error, sha256 } = await download([`${server.origin}/file`], options);
    // Whoever gives the whole file to a plain request is to be understood.
    if (lies.plain === "403" && error instanceof NoMirrorLeftError) return;
    const expected = createHash("sha256").update(file).digest("hex");
    assertEquals([error, sha256], [undefined, expected], JSON.stringify(lies));
  });
}
