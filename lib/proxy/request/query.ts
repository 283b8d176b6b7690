/**
 * The query of `GET /proxy?...`: which mirrors, and how. The names are those of the original's
 * sample, as are the spellings of their values; whatever cannot be meant is a problem (400) that
 * names the parameter, its value without credentials, and what is accepted.
 *
 * @module
 */

import { closestString } from "@std/text/closest-string";
import {
  DelayRequestAlgorithm,
  type DownloaderOptions,
  DuplicateRequestAlgorithm,
} from "../../../mod.ts";
import { tryParseMirrorUrl } from "../../http/mirror_url.ts";
import { redactUrl } from "../../http/redact.ts";
import { Problem } from "../problem.ts";

/** What the operator allows in a query. */
export interface QueryLimits {
  /**
   * The most mirrors of one request.
   *
   * @default {32}
   */
  maxMirrors?: number | undefined;
  /**
   * The most characters of all names and values together, as they are once decoded.
   *
   * @default {16_384}
   */
  maxQueryLength?: number | undefined;
  /**
   * The least `split_size`, in bytes; the engine takes 1000 and more.
   *
   * @default {10_000}
   */
  minSplitSize?: number | undefined;
  /**
   * The largest `split_size`, in bytes; the engine's window must be twice as large.
   *
   * @default {16 MiB}
   */
  maxSplitSize?: number | undefined;
}

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

/** A query, understood. */
export interface ProxyQuery {
  /** URLs of the mirrors, each once, in order, with their credentials: not to be shown. */
  readonly mirrors: string[];
  /** What the query sets; all else is left to the defaults. */
  readonly options: QueryOptions;
  /** Whether the file is to be saved rather than shown. */
  readonly download: boolean;
}

/** Reads a query. Throws a {@linkcode Problem} (400, or 414 for a long one) where it cannot. */
export function parseProxyQuery(params: URLSearchParams, limits: QueryLimits = {}): ProxyQuery {
  const { maxMirrors = 32, maxQueryLength = 16_384 } = limits;
  let length = 0;
  for (const [name, value] of params) length += name.length + value.length + "&=".length;
  if (length > maxQueryLength) {
    throw new Problem(
      414,
      `the query has ${length} characters, but at most ${maxQueryLength} are allowed`,
    );
  }
  for (const name of params.keys()) if (!KNOWN.includes(name)) throw unknownParameter(name);
  const mirrors = parseMirrors(params, maxMirrors);
  const options: QueryOptions = {};
  for (const [name, read] of Object.entries(OPTIONS)) {
    const text = only(params, name);
    if (text === undefined) continue;
    Object.assign(options, read({ name, text, mirrors, limits }));
  }
  const download = only(params, "download");
  return {
    mirrors: mirrors.map(({ href }) => href),
    options: inOriginalWords(options),
    download: download !== undefined && truth({ name: "download", text: download }),
  };
}

/** Options of single algorithms, which only mean something together. */
const ALGORITHM_OPTIONS = [
  "delayRequest",
  "staticDelays",
  "initialDelay",
  "initialDelayCoefficient",
  "duplicateRequest",
  "invalidBlockThreshold",
  "closeBadConnections",
  "maxBlocksPerRequest",
  "maxConnectionsPerMirror",
] as const;

/**
 * Returns the operator's options with those of a query. A query that chooses an algorithm takes
 * nothing of the operator's, whose options may be of no use to it.
 */
export function withQueryOptions(
  operator: DownloaderOptions,
  query: QueryOptions,
): DownloaderOptions {
  const rest = { ...operator };
  if (query.delayRequest !== undefined) { for (const name of ALGORITHM_OPTIONS) delete rest[name]; }
  return { ...rest, ...query };
}

/**
 * Translates what the original's parameters mean there. Whoever sets an option of its algorithms
 * means its default one, `diff`; and what the algorithm does not use is ignored, which the engine
 * would refuse.
 */
function inOriginalWords(options: QueryOptions): QueryOptions {
  if (!ALGORITHM_OPTIONS.some((name) => name in options)) return options;
  const meant = { delayRequest: DelayRequestAlgorithm.DIFF, ...options };
  for (const name of unusedOptions(meant)) delete meant[name];
  return meant;
}

function unusedOptions({ delayRequest, duplicateRequest }: QueryOptions): (keyof QueryOptions)[] {
  const { ADAPTIVE, DIFF, STATIC } = DelayRequestAlgorithm;
  const unused: (keyof QueryOptions)[] = [];
  if (delayRequest !== STATIC) unused.push("staticDelays");
  if (delayRequest !== DIFF) unused.push("initialDelay", "initialDelayCoefficient");
  if (delayRequest === ADAPTIVE) unused.push("duplicateRequest");
  if (delayRequest === ADAPTIVE || duplicateRequest === DuplicateRequestAlgorithm.NONE) {
    unused.push("invalidBlockThreshold", "closeBadConnections");
  }
  return unused;
}

/** A parameter that was given, and what its value is held against. */
interface Given {
  readonly name: string;
  readonly text: string;
  readonly mirrors: readonly Mirror[];
  readonly limits: QueryLimits;
}

/** The largest value that a count may have, as in the engine: beyond it, somebody mistyped. */
const MANY = 1_000_000;

/** What each of the original's parameters sets. Of two that set the same, the later one counts. */
const OPTIONS: Readonly<Record<string, (given: Given) => QueryOptions>> = {
  split_size: (given) => {
    const { minSplitSize = 10_000, maxSplitSize = 16 * 1024 * 1024 } = given.limits;
    return { splitSize: whole(given, minSplitSize, maxSplitSize) };
  },
  // Whoever gives values means the algorithm that they are for, unless another one is named.
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
    truth(given) ? {} : { duplicateRequest: DuplicateRequestAlgorithm.NONE },
  close_bad_conn: (given) => ({ closeBadConnections: truth(given) }),
  enable_init_delay: (given) => ({ initialDelay: truth(given) }),
  init_delay_coef: (given) => ({ initialDelayCoefficient: coefficient(given) }),
  invalid_block_threshold: (given) => ({ invalidBlockThreshold: whole(given, 0, MANY) }),
  // The original's trace stays within its process: nobody could see that there is none.
  enable_trace_log: (given) => (truth(given), {}),
  verify: (given) => {
    if (!truth(given)) throw bad("verify cannot be turned off: certificates are always verified");
    return {};
  },
};

/** Parameters that name mirrors, and whether one value may hold several, with commas between. */
export const MIRROR_PARAMETERS: ReadonlyMap<string, boolean> = new Map([
  ["host", true],
  ["hosts", true],
  ["url", false],
]);

const KNOWN = [...MIRROR_PARAMETERS.keys(), ...Object.keys(OPTIONS), "download"];

/** Parameters whose values name no mirror. */
export const PLAIN_PARAMETERS: readonly string[] = KNOWN.filter((name) =>
  !MIRROR_PARAMETERS.has(name) && name !== "static_delay_req_vals"
);

/** A mirror that was named. */
interface Mirror {
  /** Its URL without credentials, by which it is known. */
  readonly url: string;
  /** Its URL with them. */
  readonly href: string;
}

function parseMirrors(params: URLSearchParams, most: number): Mirror[] {
  const mirrors = new Map<string, Mirror>();
  for (const [name, value] of params) {
    const several = MIRROR_PARAMETERS.get(name);
    if (several === undefined) continue;
    const texts = (several ? value.split(",") : [value]).map((text) => text.trim());
    for (const text of texts.filter((text) => text !== "")) {
      const mirror = parseMirror(text);
      if (mirror === undefined) {
        const hint = texts.length > 1 ? "; a URL with a comma in it goes into url=" : "";
        throw bad(`${name} has "${shown(text)}", which is no http:// or https:// URL${hint}`);
      }
      if (!mirrors.has(mirror.url)) mirrors.set(mirror.url, mirror);
    }
  }
  if (mirrors.size === 0) throw bad("no mirror was given; host=URL,URL or url=URL is needed");
  if (mirrors.size > most) {
    throw bad(`${mirrors.size} mirrors were given, but at most ${most} are allowed`);
  }
  return [...mirrors.values()];
}

function parseMirror(text: string): Mirror | undefined {
  const mirror = /^https?:\/\/[^/\\]/i.test(text) ? tryParseMirrorUrl(text) : undefined;
  if (mirror === undefined) return undefined;
  const { href } = new URL(text);
  return { url: mirror.url, href: href.replace(/#.*$/, "") };
}

/** The value of a parameter that means nothing twice. */
function only(params: URLSearchParams, name: string): string | undefined {
  const texts = params.getAll(name);
  if (texts.length > 1) throw bad(`${name} was given ${texts.length} times, but can be only once`);
  return texts[0]?.trim();
}

/** Either spelling of a switch; the original took every text but an empty one for true. */
function truth({ name, text }: Pick<Given, "name" | "text">): boolean {
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
  if (!/^(?:\d+\.?\d*|\.\d+)$/.test(text) || value > MANY) {
    throw bad(`${name} is "${shown(text)}", but must be a number from 0 to ${MANY} like 10 or 2.5`);
  }
  return value;
}

/** An algorithm by its name in any case, with or without the original's class before it. */
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
      throw bad(`${name} names "${shown(key)}", which is none of the mirrors`);
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
    // Said below, in words of our own.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw bad(`${name} must be a JSON object of blocks by mirror, like {"https://a.example/f": 3}`);
  }
  return value;
}

/** Longer names than this many characters resemble nothing. */
const LONGEST_NAME = 64;

function unknownParameter(name: string): Problem {
  const nearest: string = closestString(name.slice(0, LONGEST_NAME), KNOWN);
  return bad(
    `"${shown(name)}" is no parameter of /proxy; did you mean ${nearest}? ` +
      "(an & inside a mirror's URL is written %26)",
  );
}

/** The most characters of a value that a message repeats. */
const MOST_SHOWN = 80;

/**
 * What a message repeats of a value: without credentials, well-formed or not, and without a query,
 * which may be as good as one.
 */
function shown(text: string): string {
  const safe = redactUrl(text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ""))
    // The first half of credentials with a comma in them.
    .replace(/^([a-z][a-z0-9+.-]*:[/\\]*)[^/?#]*:(?!\d*(?:[/?#]|$)).*$/i, "$1…")
    .replace(/[?#].*$/, "?…");
  const characters = [...safe];
  if (characters.length <= MOST_SHOWN) return safe;
  return `${characters.slice(0, MOST_SHOWN).join("")}…`;
}

function bad(detail: string): Problem {
  return new Problem(400, detail);
}
