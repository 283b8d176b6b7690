import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { readTrace } from "../../lib/cli/analyze/trace_reader.ts";
import { parseInputFile } from "../../lib/cli/arguments/sources/input_file.ts";
import { parseNetrc } from "../../lib/cli/arguments/credentials/netrc.ts";
import { expandUrlPattern } from "../../lib/cli/arguments/values/url_pattern.ts";
import { parseChecksumFile } from "../../lib/cli/checksum/checksum_file.ts";
import { readRecord, type ResumeRecord, writeRecord } from "../../lib/cli/part/resume_record.ts";
import { CookieJar } from "../../lib/http/address/cookie_jar.ts";
import { putCredentials, takeCredentials } from "../../lib/http/address/credentials.ts";
import { describeError, redactUrl } from "../../lib/http/address/redact.ts";
import {
  contentRangeHeader,
  openRangeHeader,
  parseContentRange,
  parseRange,
  rangeHeader,
} from "../../lib/http/byte_range.ts";
import { unrepeated } from "../../lib/http/field_value.ts";
import { parseHttpDate, parseRetryAfter } from "../../lib/http/http_date.ts";
import {
  contentDisposition,
  dispositionFileName,
} from "../../lib/http/name/content_disposition.ts";
import { portableFileName } from "../../lib/http/name/file_name.ts";
import { listMatches, matchesWeakly } from "../../lib/http/validators.ts";
import { MirrorBook } from "../../mod.ts";
import { A, B, type Pair, parse } from "../support/proxy/proxy_query.ts";
import { workplace } from "../support/workplace.ts";
import { holds, RUNS } from "./runs.ts";

/** A range in a file, and the file's size. */
const placed = fc.tuple(fc.nat(), fc.nat(), fc.nat()).map(([start, length, rest]) => ({
  start,
  end: start + length + 1,
  size: start + length + 1 + rest,
}));

/** Text without control characters. */
const visible = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) =>
  !/[\p{C}\p{Zl}\p{Zp}]/u.test(text) && text.trim() === text && text !== ""
);
const word = fc.string({ unit: fc.constantFrom(..."abcXYZ019_~"), minLength: 1, maxLength: 12 });
const mirror = fc.constantFrom("http://one.example/a", "https://two.example:8443/b?c=d");
const date = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000);

Deno.test("ranges are read as they are written", async () => {
  await holds([placed], ({ start, end, size }) => {
    const range = { start, end };
    assertEquals(parseRange(rangeHeader(range), size), { type: "ranges", ranges: [range] });
    assertEquals(parseRange(openRangeHeader(start), size), {
      type: "ranges",
      ranges: [{ start, end: size }],
    });
    assertEquals(parseContentRange(contentRangeHeader(range, size)), { ...range, size });
  });
});

Deno.test("dates are read as they are written", async () => {
  await holds([date, date], (time, now) => {
    assertEquals(parseHttpDate(new Date(time).toUTCString(), now), time);
    const wait = parseRetryAfter(new Date(time).toUTCString(), now);
    assertEquals(wait, Math.max(0, time - now));
  });
});

Deno.test("a list of entity tags matches each of its tags, whatever is in them", async () => {
  const tag = fc.string({ unit: fc.constantFrom(..."ab,W/ *!\\é".replace(" ", "")) })
    .map((text) => `"${text}"`);
  const list = fc.array(fc.tuple(fc.boolean(), tag), { minLength: 1 });
  await holds([list, tag], (tags, other) => {
    const text = tags.map(([weak, tag]) => (weak ? "W/" : "") + tag).join(" , ");
    for (const [, tag] of tags) assert(listMatches(text, tag, matchesWeakly));
    const has = tags.some(([, tag]) => tag === other);
    assertEquals(listMatches(text, other, matchesWeakly), has);
  });
});

Deno.test("a file name is read from Content-Disposition as it was made safe", async () => {
  await holds([fc.string({ unit: "binary" })], (name) => {
    assertEquals(dispositionFileName(contentDisposition(name)), portableFileName(name));
  });
});

Deno.test("copies of a field count once", async () => {
  await holds([visible, fc.integer({ min: 1, max: 6 })], (value, copies) => {
    assertEquals(unrepeated(Array(copies).fill(value).join(", ")), unrepeated(value));
  });
});

Deno.test("a cookie comes back as it was set", async () => {
  await holds([word, word], (name, value) => {
    const jar = new CookieJar();
    const url = new URL("https://one.example/a");
    jar.store([`${name}=${value}; Path=/; Max-Age=10`], url, 0);
    assertEquals(jar.header(url, 9999), `${name}=${value}`);
    assertEquals(jar.header(url, 10_001), undefined);
  });
});

Deno.test("credentials are taken from a URL as they were put into it, and never shown", async () => {
  const secret = visible.map((text) => `s3cr3t${text}`);
  const spelling = fc.constantFrom(
    "http://",
    "http:",
    "http:\\\\",
    "ftp://",
    "x:http://",
    "'http://",
  );
  await holds([secret, secret, spelling], (username, password, scheme) => {
    const url = new URL("http://one.example/f");
    putCredentials(url, { username, password });
    const shown = [redactUrl(url.href), describeError(new Error(`no ${url.href}, no`))];
    const { href } = url;
    assertEquals(takeCredentials(url), { username, password });
    shown.push(redactUrl(href.replace("http://", scheme)));
    for (const text of shown) assert(!text.includes("s3cr3t"), text);
  });
});

Deno.test("netrc: quoted words are read as they were written", async () => {
  const quoted = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
  const entry = fc.record({ machine: word, login: visible, password: visible });
  await holds([fc.array(entry)], (entries) => {
    const text = entries.map(({ machine, login, password }) =>
      `machine ${machine}\n  login ${quoted(login)} password ${quoted(password)} # a comment`
    );
    assertEquals(parseNetrc(text.join("\n")), entries);
  });
});

Deno.test("URL patterns: what is escaped stands for itself, and a set for its members", async () => {
  await holds([visible], (text) => {
    const url = text.replaceAll("\\", "");
    assertEquals(expandUrlPattern(url.replace(/[{}[\]]/g, "\\$&")), [url]);
  });
  await holds([fc.array(word, { minLength: 2, maxLength: 20 })], (members) => {
    const urls = expandUrlPattern(`http://a/{${members.join(",")}}/[1-2]`);
    assertEquals(urls, members.flatMap((one) => [`http://a/${one}/1`, `http://a/${one}/2`]));
  });
});

Deno.test("lists and checksum files are read as they were written", async () => {
  const hex = fc.string({
    unit: fc.constantFrom(..."0123456789abcdef"),
    minLength: 64,
    maxLength: 64,
  });
  await holds([fc.array(fc.tuple(word, hex))], (files) => {
    const list = files.map(([name, hex]) => `${A}\t${B}\n out=${name}\n checksum=sha-256=${hex}\n`);
    assertEquals(
      parseInputFile(list.join("# a comment\n"), "list").map(({ urls, output, checksums }) => [
        urls,
        output,
        checksums.map(({ hex }) => hex),
      ]),
      files.map(([name, hex]) => [[A, B], name, [hex]]),
    );
    for (
      const line of [
        ([name, hex]: [string, string]) => `${hex}  ${name}`,
        ([name, hex]: [string, string]) => `SHA256 (${name}) = ${hex}`,
      ]
    ) {
      const { entries, unreadable } = parseChecksumFile(files.map(line).join("\n"));
      assertEquals(unreadable, []);
      assertEquals(entries.map(({ name, hex }) => [name, hex]), files);
    }
  });
});

const validator = fc.option(visible, { nil: undefined });
const record: fc.Arbitrary<ResumeRecord> = fc.record({
  size: fc.option(fc.nat(), { nil: undefined }),
  start: fc.nat(),
  mirrors: fc.array(fc.record({ url: visible, etag: validator, lastModified: validator })),
  pieces: fc.array(
    fc.record({ start: fc.nat(), length: fc.nat(), crc32: fc.integer({ min: 0, max: 0xffffffff }) })
      .map(({ start, length, crc32 }) => ({ start, end: start + length + 1, crc32 })),
  ),
});

Deno.test("the record of a part file is read as it was written", async () => {
  using place = workplace();
  await holds([record], async (written) => {
    await writeRecord(place.at("f.part"), written);
    const { record: read, note } = await readRecord(place.at("f.part"), "f.part");
    assertEquals([JSON.parse(JSON.stringify(read)), note], [
      JSON.parse(JSON.stringify(written)),
      undefined,
    ]);
  }, Math.min(RUNS, 25));
});

Deno.test("a mirror book is read as it was written", async () => {
  const figure = fc.double({ min: 1e-3, max: 1e12, noNaN: true });
  const origin = word.map((text) =>
    `https://${text.toLowerCase().replace(/[^a-z]/g, "x")}.example/`
  );
  const known = fc.record({ bytesPerSecond: figure, latencyMs: figure });
  await holds([fc.array(fc.tuple(origin, known, fc.boolean()))], (entries) => {
    const book = new MirrorBook({ maxAgeMs: Infinity });
    for (const [url, link, unreliable] of entries) {
      book.set(url, link, 1);
      if (unreliable) book.distrust(url, 1);
    }
    const text = JSON.stringify(book);
    assertEquals(JSON.stringify(MirrorBook.fromJSON(JSON.parse(text))), text);
  });
});

Deno.test("a trace is read as it was written", async () => {
  const event = fc.record({
    type: fc.constant("receive"),
    atMs: fc.nat(),
    block: fc.nat(),
    bytes: fc.nat(),
    mirror,
  });
  const start = { type: "start", sphttp: "1", version: 1, urls: [A], splitSize: 1000, start: 0 };
  await holds([fc.array(event, { minLength: 1 })], async (events) => {
    const text = [start, ...events].map((line) => `${JSON.stringify(line)}\n`).join("");
    const bytes = new TextEncoder().encode(text);
    const parts = [bytes.slice(0, bytes.length >> 1), bytes.slice(bytes.length >> 1)];
    const read = await readTrace(ReadableStream.from(parts), "trace");
    assertEquals(JSON.parse(JSON.stringify(read.events)), events);
    // Cut off anywhere behind the first event, it is read up to there.
    const cut = text.slice(0, -3);
    if (events.length === 1) return;
    const torn = await readTrace(ReadableStream.from([new TextEncoder().encode(cut)]), "trace");
    assertEquals([torn.torn, torn.events.length], [true, events.length - 1]);
  });
});

Deno.test("the proxy's query is read as it was written", async () => {
  const url = fc.tuple(word, word).map(([name, value]) => `http://a.example/${name}?x=${value}`);
  const urls = fc.uniqueArray(url, { minLength: 1, maxLength: 8 });
  const metalink = fc.record({ url, file: fc.option(word, { nil: undefined }) });
  const source = fc.oneof(
    urls.map((mirrors) => ({ mirrors, metalink: undefined })),
    metalink.map((metalink) => ({ mirrors: [], metalink })),
  );
  const size = fc.integer({ min: 10_000, max: 1e6 });
  await holds([source, fc.boolean(), size], ({ mirrors, metalink }, save, splitSize) => {
    const pairs = metalink === undefined
      ? mirrors.map((url): Pair => ["url", url])
      : [["metalink", metalink.url], ["file", metalink.file ?? ""]] as const;
    const query = parse([...pairs, ["download", `${save}`], ["split_size", `${splitSize}`]]);
    assertEquals(query, { mirrors, metalink, options: { splitSize }, download: save, ignored: [] });
  });
});
