// Every kind of server through the proxy, asked as players ask: seeks in any order. What a client gets is the bytes of
// the file, a problem before any byte, or a body that breaks off; never wrong bytes with a clean end.

import { Buffer } from "node:buffer";
import { createHandler, type ProxyOptions } from "../../server.ts";
import { BROKEN } from "../kinds/broken.ts";
import { ENCODINGS } from "../kinds/encodings.ts";
import { HEADS } from "../kinds/heads.ts";
import { CHANGES, IDENTITY, LONGER, OTHER } from "../kinds/identity.ts";
import type { Kind } from "../kinds/kind.ts";
import { LENGTHS } from "../kinds/lengths.ts";
import { LIMITS } from "../kinds/limits.ts";
import { ODDITIES } from "../kinds/oddities.ts";
import { PAGE, PAGES } from "../kinds/pages.ts";
import { PARTS } from "../kinds/parts.ts";
import { PATIENCE } from "../kinds/patience.ts";
import { PENDING } from "../kinds/pending.ts";
import { REDIRECTS } from "../kinds/redirects.ts";
import { contentOf, type Setup, startServers } from "../kinds/run_kind.ts";
import { SERVICES } from "../kinds/services.ts";
import { SPELLINGS } from "../kinds/spellings.ts";
import { STATUS_FOR_RANGE } from "../kinds/statuses.ts";
import { TOTALS } from "../kinds/totals.ts";
import { type Content, resizedContent } from "../support/lab/content.ts";

const RETRY = { minDelayMs: 20, maxDelayMs: 200 };
/** Kinds that are tried at the same time. */
const AT_ONCE = 24;

/** What is asked for, in this order; a player begins at the start, reads the index at the end, and seeks. */
const ASKED = [
  "bytes=0-",
  "bytes=-1000",
  "bytes=300000-399999",
  "bytes=0-0",
  "bytes=450000-",
  undefined,
  "bytes=1000-1999,400000-400999",
  "bytes=299990-300009",
];
/** The same for a server that never gives the file. */
const ASKED_IN_VAIN = ["bytes=0-", "bytes=300000-399999"];
/** The same for a proxy that does not know the file yet. */
const ASKED_BACKWARDS = ["bytes=400000-449999", "bytes=0-99", undefined];
/** The same, from the end of the file on: no total has proved wrong before. */
const ASKED_LAST = ["bytes=-1000", "bytes=450000-", "bytes=300000-399999", undefined];

/** Two mirrors that agree on a wrong total are believed, until their bytes show that it is wrong. */
const LONE_TOTALS = TOTALS.filter(({ copies }) => copies === undefined);

/** What a client got. */
interface Got {
  readonly asked: string | undefined;
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** Whether the body ended cleanly. */
  readonly whole: boolean;
}

/** Reads a response as far as it comes. */
async function read(asked: string | undefined, response: Response): Promise<Got> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let whole = true;
  try {
    for await (const part of response.body ?? []) parts.push(part);
  } catch {
    whole = false;
  }
  const bytes = Buffer.concat(parts);
  return { asked, status: response.status, headers: response.headers, bytes, whole };
}

/** Asks a proxy for everything in a list, one after another. */
async function askAll(
  urls: readonly string[],
  asked: readonly (string | undefined)[],
  options: ProxyOptions["download"],
): Promise<Got[]> {
  await using handler = createHandler({
    allowPrivate: true,
    // Mirrors that fail for good do so within a second, too.
    retryMaxMs: 1000,
    // On a busy machine all that is asked takes minutes, and some servers serve no first request twice.
    rememberMs: Infinity,
    download: { retry: RETRY, ...options },
  });
  const onError = () => new Response(null, { status: 500 });
  const listen = { port: 0, hostname: "127.0.0.1", onListen() {}, onError };
  await using server = Deno.serve(listen, handler);
  using client = Deno.createHttpClient({});
  const query = urls.map((url) => `url=${encodeURIComponent(url)}`).join("&");
  const target = `http://127.0.0.1:${server.addr.port}/proxy?${query}`;
  const got: Got[] = [];
  for (const range of asked) {
    const headers: HeadersInit = range === undefined ? {} : { range };
    got.push(await read(range, await fetch(target, { headers, client })));
  }
  return got;
}

/** Returns what is wrong with a response, `undefined` if it is right for one of the versions of a file. */
function wrongIn({ status, headers, bytes, whole }: Got, versions: readonly Content[]) {
  if (status >= 400) {
    if (headers.get("content-type") !== "application/problem+json") return "is no problem document";
    const { status: said, detail } = JSON.parse(new TextDecoder().decode(bytes));
    return said === status && detail !== "" ? undefined : "is a problem that says nothing";
  }
  const isPart = (start: number, end: number, size?: number) =>
    versions.some((version) =>
      (size ?? version.size) === version.size && end <= version.size &&
      Buffer.compare(bytes, version.read(start, start + bytes.length)) === 0 &&
      (!whole || bytes.length === end - start)
    );
  if (status === 200) {
    const isFile = versions.some((version) =>
      bytes.length <= version.size && (!whole || bytes.length === version.size) &&
      Buffer.compare(bytes, version.read(0, bytes.length)) === 0
    );
    return isFile ? undefined : `has other bytes than the file's (${bytes.length})`;
  }
  if (status !== 206) return "is neither the file nor a problem";
  const type = headers.get("content-type") ?? "";
  if (type.startsWith("multipart/")) return wrongInParts(type, bytes, whole, versions);
  const [, start, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(
    headers.get("content-range") ?? "",
  ) ?? [];
  if (size === undefined) return "has no Content-Range";
  return isPart(Number(start), Number(last) + 1, Number(size))
    ? undefined
    : `has other bytes than the file's (${bytes.length})`;
}

function wrongInParts(
  type: string,
  bytes: Uint8Array,
  whole: boolean,
  versions: readonly Content[],
): string | undefined {
  const text = Buffer.from(bytes).toString("latin1");
  const boundary = `--${/boundary=(\S+)$/.exec(type)![1]}`;
  if (whole && !text.endsWith(`${boundary}--\r\n`)) return "ends without its last boundary";
  const parts = text.split(boundary).slice(1, whole ? -1 : undefined);
  for (const part of parts) {
    const [head, body] = part.split(/\r\n\r\n(.*)/s);
    const match = /content-range: bytes (\d+)-(\d+)\/(\d+)/i.exec(head!);
    if (match === null || body === undefined) continue;
    const [start, end, size] = [Number(match[1]), Number(match[2]) + 1, Number(match[3])];
    const data = Buffer.from(body.slice(0, end - start), "latin1");
    const isRight = versions.some((version) =>
      version.size === size && data.equals(version.read(start, start + data.length)) &&
      (!whole || data.length === end - start)
    );
    if (!isRight) return "has a part with other bytes than the file's";
  }
  return undefined;
}

/** The files that a kind of server may be taken to have. */
function versionsOf(kind: Kind): readonly Content[] {
  const content = contentOf(kind);
  const versions = [content];
  if (CHANGES.includes(kind)) {
    versions.push(OTHER, LONGER);
    if (kind.name === "contradiction") {
      for (let index = 1; index < 60; index++) {
        versions.push(resizedContent(content, content.size - index));
      }
    }
  }
  // Alone and unnamed, a page is a file.
  if (PAGES.includes(kind)) versions.push(PAGE);
  const { alone } = kind;
  if (typeof alone === "object" && "read" in alone) versions.push(alone);
  return versions;
}

/** Its ETag may stay the same for several answers: the file seems to have changed, until the first tag returns. */
const LASTING_TAGS = "etag-by-connection";

async function problemsOf(
  kind: Kind,
  place: Setup["place"],
  asked: readonly (string | undefined)[],
) {
  const versions = versionsOf(kind);
  await using servers = await startServers(kind, place);
  const got = await askAll(servers.urls, asked, kind.options);
  const named = (text: string) => `${kind.name}, ${place}: ${text}`;
  const problems = got.flatMap((one) => {
    const wrong = wrongIn(one, versions);
    return wrong === undefined ? [] : [named(`${one.status} for ${one.asked} ${wrong}`)];
  });
  const good = got.filter(({ status }) => status < 300);
  const tags = new Set(good.map(({ headers }) => headers.get("etag")));
  const most = kind.name === LASTING_TAGS ? 2 : 1;
  if (tags.size > most && !CHANGES.includes(kind)) {
    problems.push(named(`ETags ${[...tags].join()}`));
  }
  const { alone = "file" } = kind;
  // For the others, the tests of the kinds say what comes of a whole file.
  const expectsFile = (IDENTITY.includes(kind) || LONE_TOTALS.includes(kind)) && alone === "file";
  if (expectsFile) {
    for (const { status, whole, asked, bytes } of got) {
      if (status >= 300) {
        problems.push(named(`${status} for ${asked}: ${new TextDecoder().decode(bytes)}`));
      } else if (!whole) {
        problems.push(named(`the body for ${asked} breaks off at ${bytes.length}`));
      }
    }
  }
  return problems;
}

const TABLES: Readonly<Record<string, readonly Kind[]>> = {
  identity: IDENTITY,
  changes: CHANGES,
  statuses: STATUS_FOR_RANGE,
  parts: PARTS,
  spellings: SPELLINGS,
  limits: LIMITS,
  encodings: ENCODINGS,
  pages: PAGES,
  redirects: REDIRECTS,
  heads: HEADS,
  broken: BROKEN,
  patience: PATIENCE,
  services: SERVICES,
  lengths: LENGTHS,
  oddities: ODDITIES,
  totals: LONE_TOTALS,
};

/** Kinds that do not pass yet here, though elsewhere they do, and the area that is to make them pass. */
const PENDING_HERE: Readonly<Record<string, string>> = {
  // One response is all that a seek asks for: there is nothing to compare it with.
  "part-lies": "identity",
};

/** Its file is another one for each request. */
const LEFT_OUT = "growing";

/** Tables that are also tried with a proxy that does not know the file. */
const BACKWARDS: ReadonlySet<readonly Kind[]> = new Set([IDENTITY, CHANGES, PARTS, REDIRECTS]);

/** Set to one name to try it alone, though it is pending. */
const ONLY = Deno.env.get("SPHTTP_KIND");
/** Set to try those that are pending, too. */
const WITH_PENDING = Deno.env.has("SPHTTP_PENDING");

function isPending(name: string): boolean {
  return (PENDING_HERE[name] ?? PENDING[name]) !== undefined;
}

for (const [table, kinds] of Object.entries(TABLES)) {
  const chosen = kinds.filter(({ name, long }) =>
    long !== true && name !== LEFT_OUT &&
    (ONLY === undefined ? WITH_PENDING || !isPending(name) : name === ONLY)
  );
  if (chosen.length === 0) continue;
  Deno.test(`proxy: seeks in files of odd servers: ${table}`, async () => {
    const runs = chosen.flatMap((kind) => [
      () => problemsOf(kind, "alone", kind.alone instanceof RegExp ? ASKED_IN_VAIN : ASKED),
      ...BACKWARDS.has(kinds) ? [() => problemsOf(kind, "alone", ASKED_BACKWARDS)] : [],
      ...kinds === LONE_TOTALS ? [() => problemsOf(kind, "alone", ASKED_LAST)] : [],
      ...kind.breaks ? [() => problemsOf(kind, "breaking", ASKED)] : [],
    ]);
    const problems: string[] = [];
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (let next; (next = runs.shift()) !== undefined;) problems.push(...await next());
    }));
    if (problems.length > 0) throw new Error(problems.join("\n"));
  });
}
