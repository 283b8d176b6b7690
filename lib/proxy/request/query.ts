/**
 * Parses the query of `GET /proxy?...`: the mirrors, and options by the names and values of the
 * original's sample. An invalid value is a problem (400) that names the parameter, its value without
 * credentials, and what is accepted. Unknown parameters are ignored, because players, trackers and
 * caches append their own (`_`, `utm_source`, `fbclid`); they are named in responses, so that a
 * misspelled one is found.
 *
 * @module
 */

import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import {
  DelayRequestAlgorithm,
  type DownloaderOptions,
  DuplicateRequestAlgorithm,
} from "../../../mod.ts";
import { isDecimal } from "../../command_line/values.ts";
import { tryParseMirrorUrl } from "../../http/address/mirror_url.ts";
import { redactUrl } from "../../http/address/redact.ts";
import { Problem } from "../problem.ts";

/** Maximum number of characters of all decoded names and values. */
const MAX_QUERY_LENGTH = 16_384;
/** Limits of `split_size`, in bytes. */
const MIN_SPLIT_SIZE = 10_000;
const MAX_SPLIT_SIZE = 16 * 1024 * 1024;

/** The options of a download that a query can set. */
export type QueryOptions = Pick<
  DownloaderOptions,
  | "splitSize"
  | "delayRequest"
  | "duplicateRequest"
  | "closeBadConnections"
  | "staticDelays"
  | "initialDelay"
  | "initialDelayCoefficient"
  | "invalidBlockThreshold"
>;

export interface ProxyQuery {
  /**
   * URLs of the mirrors, each once, in order; none where a Metalink has them. They contain credentials, so
   * never show them.
   */
  readonly mirrors: string[];
  /** The Metalink that has the mirrors; `undefined` if they are given. */
  readonly metalink: MetalinkSource | undefined;
  readonly options: QueryOptions;
  /** Whether a browser should save the file rather than display it. */
  readonly download: boolean;
  /** Names of unknown parameters, each once, as text for a header; only the first few. */
  readonly ignored: readonly string[];
}

/** A Metalink that names the mirrors of a file. */
export interface MetalinkSource {
  /** Its URL, which may contain credentials. */
  readonly url: string;
  /** The name of one of its files; `undefined` if it has one only. */
  readonly file: string | undefined;
}

/** Returns what a link to the file of a query is signed for. */
export function signedFacts({ mirrors, metalink }: ProxyQuery): readonly string[] {
  // No mirror has such a URL.
  return metalink === undefined ? mirrors : ["metalink", metalink.url, metalink.file ?? ""];
}

/**
 * Parses a query with at most `maxMirrors` mirrors.
 *
 * @throws {Problem} of status 400, or 414 if the query is too long
 */
export function parseProxyQuery(params: URLSearchParams, maxMirrors: number): ProxyQuery {
  let length = 0;
  for (const [name, value] of params) length += name.length + value.length + "&=".length;
  if (length > MAX_QUERY_LENGTH) {
    throw new Problem(
      414,
      `the query has ${length} characters, but at most ${MAX_QUERY_LENGTH} are allowed`,
    );
  }
  // The proxy's own token was taken out before; players and trackers append none.
  if (params.has("token")) {
    throw bad(
      "token is not the token of this proxy, or it requires none; if it belongs to the URL of a " +
        "mirror, write & inside that URL as %26",
    );
  }
  const ignored = ignoredParameters(params);
  const metalink = parseMetalinkSource(params);
  const mirrors = parseMirrors(params, metalink === undefined ? maxMirrors : 0, ignored);
  const options: QueryOptions = {};
  for (const [name, read] of Object.entries(OPTIONS)) {
    const text = only(params, name);
    if (text === undefined) continue;
    Object.assign(options, read({ name, text, mirrors }));
  }
  const download = only(params, "download");
  return {
    mirrors: mirrors.map(({ href }) => href),
    metalink,
    options,
    download: download !== undefined && parseBoolean({ name: "download", text: download }),
    ignored,
  };
}

/**
 * Merges the options of a query into the operator's, with their meaning in the original: an option of
 * its algorithms implies its default algorithm, `diff`, unless one is chosen. Drops options that the
 * algorithm does not use, which the engine would reject.
 */
export function withQueryOptions(
  operator: DownloaderOptions,
  query: QueryOptions,
): DownloaderOptions {
  const options = { ...operator, ...query };
  if (Object.keys(query).every((name) => name === "splitSize")) return options;
  const delayRequest = options.delayRequest ?? DelayRequestAlgorithm.DIFF;
  for (const name of unusedOptions(delayRequest, options.duplicateRequest)) delete options[name];
  return { ...options, delayRequest };
}

function unusedOptions(
  delayRequest: DownloaderOptions["delayRequest"],
  duplicateRequest: DownloaderOptions["duplicateRequest"],
): (keyof DownloaderOptions)[] {
  const { ADAPTIVE, DIFF, STATIC } = DelayRequestAlgorithm;
  const isAdaptive = delayRequest === ADAPTIVE;
  const unused: (keyof DownloaderOptions)[] = [];
  if (delayRequest !== STATIC) unused.push("staticDelays");
  if (delayRequest !== DIFF) unused.push("initialDelay", "initialDelayCoefficient");
  if (isAdaptive) unused.push("duplicateRequest", "maxBlocksPerRequest");
  else unused.push("maxConnectionsPerMirror");
  if (isAdaptive || duplicateRequest === DuplicateRequestAlgorithm.NONE) {
    unused.push("invalidBlockThreshold", "closeBadConnections");
  }
  return unused;
}

/** A parameter of the query, with the mirrors that its value may refer to. */
interface Given {
  readonly name: string;
  readonly text: string;
  readonly mirrors: readonly Mirror[];
}

/** The largest count, as in the engine. */
const MANY = 1_000_000;

/** Parsers of the original's parameters, by name. Later ones override the options of earlier ones. */
const OPTIONS: Readonly<Record<string, (given: Given) => QueryOptions>> = {
  split_size: (given) => ({ splitSize: whole(given, MIN_SPLIT_SIZE, MAX_SPLIT_SIZE) }),
  // The values imply their algorithm, unless delay_req_algo names another.
  static_delay_req_vals: (given) => ({
    delayRequest: DelayRequestAlgorithm.STATIC,
    staticDelays: parseStaticDelays(given),
  }),
  delay_req_algo: (given) => ({
    delayRequest: named(given, "DelayRequestAlgorithm", DelayRequestAlgorithm),
  }),
  dup_req_algo: (given) => ({
    duplicateRequest: named(given, "DuplicateRequestAlgorithm", DuplicateRequestAlgorithm),
  }),
  enable_dup_req: (given) =>
    parseBoolean(given) ? {} : { duplicateRequest: DuplicateRequestAlgorithm.NONE },
  close_bad_conn: (given) => ({ closeBadConnections: parseBoolean(given) }),
  enable_init_delay: (given) => ({ initialDelay: parseBoolean(given) }),
  init_delay_coef: (given) => ({ initialDelayCoefficient: coefficient(given) }),
  invalid_block_threshold: (given) => ({ invalidBlockThreshold: whole(given, 0, MANY) }),
  // Accepted without effect: the original does not send its trace to clients either.
  enable_trace_log: (given) => (parseBoolean(given), {}),
  verify: (given) => {
    if (!parseBoolean(given)) {
      throw bad("verify cannot be disabled: certificates are always verified");
    }
    return {};
  },
};

/** Parameters that name mirrors, and whether their value is a comma-separated list. */
export const MIRROR_PARAMETERS: ReadonlyMap<string, boolean> = new Map([
  ["host", true],
  ["hosts", true],
  ["url", false],
]);

/** Names a Metalink, which has the mirrors. */
export const METALINK_PARAMETER = "metalink";
/** Names one of the files of a Metalink. */
const FILE_PARAMETER = "file";

const KNOWN = [
  ...MIRROR_PARAMETERS.keys(),
  ...Object.keys(OPTIONS),
  METALINK_PARAMETER,
  FILE_PARAMETER,
  "download",
];

/** Parameters whose values contain no URL. */
export const PLAIN_PARAMETERS: readonly string[] = KNOWN.filter((name) =>
  !MIRROR_PARAMETERS.has(name) && name !== METALINK_PARAMETER && name !== "static_delay_req_vals"
);

interface Mirror {
  /** The URL without credentials, which identifies the mirror. */
  readonly url: string;
  /** The URL with credentials. */
  readonly href: string;
}

function parseMetalinkSource(params: URLSearchParams): MetalinkSource | undefined {
  const text = only(params, METALINK_PARAMETER);
  if (text === undefined) return undefined;
  const source = parseMirror(text);
  if (source === undefined) {
    throw bad(`metalink is "${shown(text)}", which is not an http:// or https:// URL`);
  }
  const file = only(params, FILE_PARAMETER);
  return { url: source.href, file: file === "" ? undefined : file };
}

function parseMirrors(
  params: URLSearchParams,
  maxMirrors: number,
  ignored: readonly string[],
): Mirror[] {
  const mirrors = new Map<string, Mirror>();
  for (const [name, value] of params) {
    const isList = MIRROR_PARAMETERS.get(name);
    if (isList === undefined) continue;
    const texts = (isList ? value.split(",") : [value]).map((text) => text.trim());
    for (const text of texts.filter((text) => text !== "")) {
      const mirror = parseMirror(text);
      if (mirror === undefined) {
        const hint = texts.length > 1 ? "; pass a URL that contains a comma as url=" : "";
        throw bad(`${name} has "${shown(text)}", which is not an http:// or https:// URL${hint}`);
      }
      if (!mirrors.has(mirror.url)) mirrors.set(mirror.url, mirror);
    }
  }
  // A Metalink has them.
  if (maxMirrors === 0) {
    if (mirrors.size === 0) return [];
    throw bad("both a Metalink and mirrors are given; use metalink=URL, or host=URL,URL");
  }
  if (mirrors.size === 0) {
    const hint = ignored.length === 0 ? "" : ` (${describeIgnored(ignored)})`;
    throw bad(`no mirror given; use host=URL,URL or url=URL${hint}`);
  }
  if (mirrors.size > maxMirrors) {
    throw bad(`${mirrors.size} mirrors given, but at most ${maxMirrors} are allowed`);
  }
  return [...mirrors.values()];
}

function parseMirror(text: string): Mirror | undefined {
  const mirror = /^https?:\/\/[^/\\]/i.test(text) ? tryParseMirrorUrl(text) : undefined;
  if (mirror === undefined) return undefined;
  const { href } = new URL(text);
  return { url: mirror.url, href: href.replace(/#.*$/, "") };
}

/** Returns the value of a parameter that may be given only once. */
function only(params: URLSearchParams, name: string): string | undefined {
  const texts = params.getAll(name);
  if (texts.length > 1) {
    throw bad(`${name} is given ${texts.length} times, but is allowed only once`);
  }
  return texts[0]?.trim();
}

/** Parses a switch. The original took any text for true, even "False". */
function parseBoolean({ name, text }: Pick<Given, "name" | "text">): boolean {
  if (/^(?:true|yes|1)$/i.test(text)) return true;
  if (/^(?:false|no|0)$/i.test(text)) return false;
  throw bad(`${name} is "${shown(text)}", but must be true or false (or 1, 0, yes, no)`);
}

function whole({ name, text }: Given, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw bad(`${name} is "${shown(text)}", but must be a whole number from ${least} to ${most}`);
  }
  return value;
}

function coefficient({ name, text }: Given): number {
  const value = Number(text);
  if (!isDecimal(text) || value > MANY) {
    throw bad(`${name} is "${shown(text)}", but must be a number from 0 to ${MANY} like 10 or 2.5`);
  }
  return value;
}

/** Finds an algorithm by its name in any case, with or without the name of the original's class. */
function named<Name extends string>(
  { name, text }: Given,
  className: string,
  names: Readonly<Record<string, Name>>,
): Name {
  const given = text.toLowerCase();
  const found = Object.entries(names).find(([key]) =>
    [key, `${className}.${key}`].some((spelling) => spelling.toLowerCase() === given)
  );
  if (found === undefined) {
    const all = Object.keys(names).join(", ");
    throw bad(`${name} is "${shown(text)}", but must be one of ${all}`);
  }
  return found[1];
}

function parseStaticDelays({ name, text, mirrors }: Given): Record<string, number> {
  const delays: [url: string, blocks: number][] = [];
  for (const [key, blocks] of Object.entries(parseObject(name, text))) {
    const url = parseMirror(key.trim())?.url;
    if (!mirrors.some((mirror) => mirror.url === url)) {
      throw bad(`${name} names "${shown(key)}", which is not one of the mirrors`);
    }
    if (!Number.isInteger(blocks) || (blocks as number) < 0 || (blocks as number) > MANY) {
      throw bad(
        `${name} of "${shown(key)}" is ${shown(JSON.stringify(blocks))}, ` +
          `but must be a whole number from 0 to ${MANY}`,
      );
    }
    delays.push([url!, blocks as number]);
  }
  return Object.fromEntries(delays);
}

function parseObject(name: string, text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Reported below.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw bad(`${name} must be a JSON object of blocks by mirror, like {"https://a.example/f": 3}`);
  }
  return value;
}

/** Maximum number of ignored parameters that are named. */
const MAX_IGNORED = 16;

function ignoredParameters(params: URLSearchParams): string[] {
  // Without a Metalink, it may be the rest of a mirror's URL.
  const isKnown = (name: string) =>
    KNOWN.includes(name) && (name !== FILE_PARAMETER || params.has(METALINK_PARAMETER));
  const unknown = [...new Set(params.keys())].filter((name) => !isKnown(name));
  // A part of a URL, or text that no header can carry: it is no misspelled parameter.
  return unknown.filter((name) => /^[\w.~-]{1,64}$/.test(name)).slice(0, MAX_IGNORED);
}

/** Minimum similarity of a name to a known one to be taken for its misspelling, as a share of it. */
const SIMILAR = 0.6;

/** Names ignored parameters for people, with the known ones that they may have meant. */
export function describeIgnored(ignored: readonly string[]): string {
  const names = ignored.map((name) => {
    const nearest: string = closestString(name, KNOWN);
    const distance = levenshteinDistance(name.toLowerCase(), nearest);
    const isSimilar = distance <= (1 - SIMILAR) * nearest.length;
    return isSimilar ? `${name}, did you mean ${nearest}?` : name;
  });
  return `ignored: ${names.join("; ")}; write & inside the URL of a mirror as %26`;
}

/** Maximum number of characters shown of a value. */
const MAX_SHOWN = 80;

/** Prepares a value for a message: shortened, without credentials, and without a query. */
function shown(text: string): string {
  const safe = redactUrl(text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ""))
    // The first half of credentials that contain a comma.
    .replace(/^([a-z][a-z0-9+.-]*:[/\\]*)[^/?#]*:(?!\d*(?:[/?#]|$)).*$/i, "$1…")
    .replace(/[?#].*$/, "?…");
  const characters = [...safe];
  if (characters.length <= MAX_SHOWN) return safe;
  return `${characters.slice(0, MAX_SHOWN).join("")}…`;
}

function bad(detail: string): Problem {
  return new Problem(400, detail);
}
