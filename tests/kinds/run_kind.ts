/**
 * Runs kinds of servers: alone and beside a good mirror, through the library, the command, and the proxy.
 *
 * To run one: `deno test --import-map=import_map.npm.json -A tests/kinds --filter "server kinds: etag-by-machine"`.
 * To see those that are pending fail: `SPHTTP_PENDING=1`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { Downloader, MirrorError, NoMirrorLeftError } from "../../mod.ts";
import { createHandler } from "../../server.ts";
import { type Content, randomContent } from "../support/lab/content.ts";
import { meetingOf } from "../support/lab/meeting.ts";
import { pieceLength, type Reply, served } from "../support/lab/odd_reply.ts";
import { type OddServer, startOddServer } from "../support/lab/odd_server.ts";
import { runCommand } from "../support/cli/run_command.ts";
import { readToEnd } from "../support/download.ts";
import { type Expected, type Kind, RATE, SIZE } from "./kind.ts";
import { PENDING } from "./pending.ts";
import { workplace } from "../support/workplace.ts";

/** Rate of the good mirror, in bytes per second: the other one has time to take part. */
const GOOD_RATE = 2_500_000;
/** Bodies that break off do so after this many bytes. */
const BREAK_AT = 150_000;
/** Number of answers that do. */
const BREAKS = 3;

/** What came of a download. */
export interface Result {
  /** Bytes and SHA-256 of what was delivered. */
  readonly bytes: number;
  readonly sha256: string;
  /** The text of the error that ended it, with its causes. */
  readonly error: string | undefined;
  /** Bytes that were received and not used. */
  readonly wastedBytes?: number | undefined;
}

/** How a kind is tried. */
export interface Setup {
  readonly place: "alone" | "beside" | "breaking";
  readonly by: "library" | "command" | "proxy";
}

/** Returns the setups in which a kind is tried. */
export function setupsOf(kind: Kind): Setup[] {
  if (kind.long) return [{ place: "alone", by: "library" }];
  const places: Setup["place"][] = ["alone", "beside", ...kind.breaks ? ["breaking" as const] : []];
  return places.flatMap((place): Setup[] => [
    { place, by: "library" },
    ...place === "breaking" ? [] : [{ place, by: "command" } as const],
    ...kind.proxy ? [{ place, by: "proxy" } as const] : [],
  ]);
}

/** Registers a test for each kind. */
export function testKinds(kinds: readonly Kind[]): void {
  for (const kind of kinds) register(`${kind.name}: ${kind.does}`, [kind]);
}

/** Registers one test for kinds that take long, which are tried at the same time. */
export function testTogether(kinds: readonly Kind[]): void {
  register(`${kinds.map(({ name }) => name).join(", ")}: at the same time`, kinds);
}

/** Registers a test, which is skipped while one of its kinds is pending. */
function register(title: string, kinds: readonly Kind[]): void {
  const owners = kinds.flatMap(({ name }) => PENDING[name] ?? []);
  const pending = owners.length > 0 && !Deno.env.has("SPHTTP_PENDING");
  Deno.test({
    name: `server kinds: ${title}${pending ? ` (pending: ${owners.join(", ")})` : ""}`,
    ignore: pending,
    fn: async () => {
      await Promise.all(kinds.map(tryKind));
    },
  });
}

/** Tries a kind in all its setups at once. */
async function tryKind(kind: Kind): Promise<void> {
  const results = await Promise.allSettled(setupsOf(kind).map((setup) => trySetup(kind, setup)));
  const problems = results.flatMap((result) =>
    result.status === "rejected" ? [String(result.reason?.message ?? result.reason)] : []
  );
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

function bodyIsLong({ body }: Reply): boolean {
  return body.reduce((sum, piece) => sum + pieceLength(piece), 0) > BREAK_AT;
}

/** Starts the servers of a setup; the odd ones come first. Beside a good one, they and it answer once all were asked. */
export async function startServers(
  kind: Kind,
  place: Setup["place"],
  content: Content = contentOf(kind),
): Promise<{ odd: OddServer; urls: string[] } & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const { path, origins, maxConnections, bytesPerSecond = RATE, copies = 1 } = kind;
  const serve: Kind["serve"] = place !== "breaking" ? kind.serve : (ask) => {
    const reply = kind.serve(ask);
    return ask.index < BREAKS && reply.end === "keep" && reply.status < 300 && bodyIsLong(reply)
      ? reply.breakAt(BREAK_AT, "close")
      : reply;
  };
  const urls: string[] = [];
  const servers: OddServer[] = [];
  const arrive = place === "beside" ? meetingOf(copies + 1) : [];
  for (let copy = 0; copy < copies; copy++) {
    const options = {
      ...{ content, serve, path, origins, maxConnections, bytesPerSecond },
      arrive: arrive[copy],
    };
    const server = stack.use(await startOddServer(options));
    servers.push(server);
    urls.push(server.url);
  }
  if (place === "beside") {
    const good = (ask: Parameters<Kind["serve"]>[0]) => served(ask, { etag: '"good"' });
    const options = {
      content,
      serve: good,
      path,
      bytesPerSecond: GOOD_RATE,
      arrive: arrive[copies],
    };
    urls.push(stack.use(await startOddServer(options)).url);
  }
  return { odd: servers[0]!, urls, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Returns the file of a kind. */
export function contentOf(kind: Kind): Content {
  return randomContent(kind.size ?? SIZE, 12);
}

async function trySetup(kind: Kind, setup: Setup): Promise<void> {
  const content = contentOf(kind);
  await using servers = await startServers(kind, setup.place, content);
  const result = await run(kind, setup.by, servers.urls);
  const expected = (setup.place === "beside" ? kind.beside : kind.alone) ?? "file";
  const where = `${kind.name}, ${setup.place}, by the ${setup.by}`;
  check(where, result, expected, content, setup.by);
  const { maxRequests } = kind;
  const requests = servers.odd.requests.length;
  if (setup.place === "alone" && maxRequests !== undefined && requests > maxRequests) {
    throw new Error(`${where}: ${requests} requests, more than ${maxRequests}`);
  }
}

/** Throws unless a result is as expected. */
export function check(
  where: string,
  { error, bytes, sha256 }: Result,
  expected: Expected,
  content: Content,
  by: Setup["by"],
): void {
  const wanted = expected instanceof RegExp
    ? undefined
    : "size" in Object(expected)
    ? expected as Content
    : content;
  const pattern = expected instanceof RegExp
    ? expected
    : Array.isArray(expected)
    ? expected[1] as RegExp
    : undefined;
  if (error !== undefined) {
    // The proxy can only break off a body that it has begun.
    if (pattern !== undefined && (by === "proxy" || pattern.test(error))) return;
    throw new Error(`${where}: ${pattern === undefined ? "" : `not ${pattern}: `}${error}`);
  }
  if (wanted === undefined) throw new Error(`${where}: no error, ${bytes} bytes`);
  if (sha256 === wanted.sha256()) return;
  throw new Error(`${where}: other bytes than the file's, ${bytes} of ${wanted.size}`);
}

/** Downloads from URLs in one of three ways. */
export async function run(kind: Kind, by: Setup["by"], urls: readonly string[]): Promise<Result> {
  switch (by) {
    case "library":
      return await byLibrary(kind, urls);
    case "command":
      return await byCommand(kind, urls);
    case "proxy":
      return await byProxy(kind, urls);
  }
}

const QUICK_RETRY = { minDelayMs: 20, maxDelayMs: 200 };

async function byLibrary(kind: Kind, urls: readonly string[]): Promise<Result> {
  const downloader = new Downloader(urls, { retry: QUICK_RETRY, ...kind.options });
  const { bytes, sha256, stats: { wastedBytes }, error } = await readToEnd(downloader);
  return { bytes, sha256, error: error === undefined ? undefined : textOf(error), wastedBytes };
}

async function byCommand(kind: Kind, urls: readonly string[]): Promise<Result> {
  using place = workplace();
  const target = place.at("file");
  // A page that is stored under a telling name is part of some kinds.
  const args = ["-s", "-o", kind.path === undefined ? target : place.at(nameIn(kind.path))];
  const error = await runCommand([...args, ...kind.flags ?? [], ...urls]).then(
    () => undefined,
    textOf,
  );
  const names = place.names().filter((name) => !name.includes(".part"));
  if (error !== undefined && names.length > 0) {
    return { bytes: -1, sha256: "", error: `a file is left under its name after: ${error}` };
  }
  const bytes = names.length === 0 ? new Uint8Array() : place.read(names[0]!);
  return { bytes: bytes.length, sha256: sha256Of(bytes), error };
}

async function byProxy(kind: Kind, urls: readonly string[]): Promise<Result> {
  await using handler = createHandler({
    allowPrivate: true,
    retryMaxMs: 1000,
    download: { retry: QUICK_RETRY },
  });
  const onError = () => new Response(null, { status: 500 });
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, onError },
    handler,
  );
  const query = urls.map((url) => `url=${encodeURIComponent(url)}`).join("&");
  using client = Deno.createHttpClient({});
  const address = `http://127.0.0.1:${server.addr.port}/proxy?${query}`;
  const response = await fetch(address, { client });
  if (!response.ok) {
    return {
      bytes: 0,
      sha256: "",
      error: `${kind.name}: ${response.status}: ${await response.text()}`,
    };
  }
  try {
    const bytes = await response.bytes();
    return { bytes: bytes.length, sha256: sha256Of(bytes), error: undefined };
  } catch (error) {
    return { bytes: 0, sha256: "", error: textOf(error) };
  }
}

/** Returns the last name in a path. */
export function nameIn(path: string): string {
  return path.split("?", 1)[0]!.split("/").at(-1) || "file";
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reasons = error instanceof NoMirrorLeftError
    ? error.cause.map(({ reason }) => `[${reason}]`).join("")
    : error instanceof MirrorError
    ? `[${error.reason}]`
    : "";
  return `${error.name}${reasons}: ${error.message}`;
}
