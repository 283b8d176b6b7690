/**
 * Makes a link of mirror URLs, and the commands that open it. Touches neither the document nor the
 * network, so its tests need no browser.
 *
 * @module
 */

/** A link of the proxy to one file. */
export interface Link {
  readonly url: string;
  /** The query of `url`, which `/live` takes too. */
  readonly query: string;
  /** File name for people and commands, from the first mirror's URL. */
  readonly name: string;
}

/** Options of a link. */
export interface LinkOptions {
  /** Value of `delay_req_algo`; empty for the default. */
  readonly delay: string;
  /** Whether browsers save the file instead of showing it. */
  readonly save: boolean;
}

/** A line that is not a mirror URL, and where it is in the text. */
export interface WrongLine {
  readonly line: string;
  /** From 1. */
  readonly number: number;
  readonly offset: number;
  readonly length: number;
}

/** Longest part of a wrong line that is shown, in characters. */
const SHOWN_LENGTH = 60;

/** Parses a text with one mirror URL per line. Blank lines and duplicates are dropped. */
export function parseMirrors(text: string): { mirrors: string[]; wrong: WrongLine[] } {
  const mirrors = new Set<string>();
  const wrong: WrongLine[] = [];
  let offset = 0;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (isMirror(line)) mirrors.add(line);
    else if (line !== "") wrong.push({ line, number: index + 1, offset, length: raw.length });
    offset += raw.length + 1;
  }
  return { mirrors: [...mirrors], wrong };
}

function isMirror(line: string): boolean {
  return /^https?:\/\/[^/\\\s]/i.test(line) && !/\s/.test(line) && URL.canParse(line);
}

/** Returns the message for a line that is not a mirror URL. */
export function explain({ line, number }: WrongLine): string {
  const shown = line.length > SHOWN_LENGTH ? `${line.slice(0, SHOWN_LENGTH)}…` : line;
  return `Line ${number} is not an http:// or https:// URL: “${shown}”`;
}

const SECRET_NAMES =
  /^(.*[-_.])?(token|sig|signature|key|apikey|auth|pass|password|secret|credential)$/i;

/** Reports whether a URL contains a credential, and so should not be stored or shared. */
export function isSecret(text: string): boolean {
  const { username, password, searchParams } = new URL(text);
  return username !== "" || password !== "" ||
    [...searchParams.keys()].some((name) => SECRET_NAMES.test(name));
}

/** Makes the link to the file on `mirrors`, through the proxy at `origin`. */
export function makeLink(
  origin: string,
  mirrors: readonly [string, ...string[]],
  { delay, save }: LinkOptions,
): Link {
  const parts = mirrors.map((url) => `url=${encode(url)}`);
  if (delay !== "") parts.push(`delay_req_algo=${delay}`);
  if (save) parts.push("download=1");
  const query = parts.join("&");
  const name = fileName(mirrors[0]);
  // Players show the name, and take the kind of file from it.
  const path = name === NO_NAME ? "/proxy" : `/proxy/${encode(name)}`;
  return { url: `${origin}${path}?${query}`, query, name };
}

/** Adds a signature to a link, so that it works without the token or the cookie. */
export function withPass(link: Link, pass: string): Link {
  return { ...link, url: `${link.url}&pass=${encode(pass)}` };
}

/** Percent-encodes text so that it is also safe between single quotes in a shell. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll("'", "%27");
}

/** The name of a file whose URL has none. */
const NO_NAME = "download";

/** Returns the last part of a URL's path as a file name, without control characters. */
export function fileName(url: string): string {
  let name = new URL(url).pathname.split("/").at(-1)!;
  try {
    name = decodeURIComponent(name);
  } catch {
    // Not UTF-8: the name stays encoded.
  }
  return name.replace(/[\p{Cc}\p{Cf}/\\]/gu, "").replace(/^[.\s]+/, "") || NO_NAME;
}

/** Returns shell commands that open or save a link. */
export function commandsFor({ url, name }: Link): Record<"mpv" | "vlc" | "curl", string> {
  return { mpv: `mpv '${url}'`, vlc: `vlc '${url}'`, curl: `curl -fo ${quote(name)} '${url}'` };
}

function quote(text: string): string {
  return /^\w[\w.,+-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const VIDEO = /\.(mp4|m4v|webm|mkv|mov|ogv)$/i;
const AUDIO = /\.(mp3|m4a|aac|ogg|oga|opus|flac|wav|weba)$/i;

/** Returns the element that plays a file, by its media type if that says so, else by its name. */
export function mediaKind(type: string, name: string): "video" | "audio" | undefined {
  const [, declared] = /^(video|audio)\//i.exec(type) ?? [];
  if (declared !== undefined) return declared.toLowerCase() as "video" | "audio";
  return VIDEO.test(name) ? "video" : AUDIO.test(name) ? "audio" : undefined;
}
