/**
 * The card of a link: commands with buttons that copy them, a check of the file, and the player or the
 * download.
 *
 * @module
 */

import { announce, element, make } from "./dom.ts";
import { formatBytes } from "./formats.ts";
import { commandsFor, type Link, makeLink, mediaKind } from "./link.ts";

const card = element("result", HTMLElement);
const field = element("link", HTMLInputElement);
const playButton = element("play", HTMLButtonElement);
const download = element("download", HTMLAnchorElement);
const checkButton = element("check", HTMLButtonElement);
const checked = element("checked", HTMLElement);
const player = element("player", HTMLElement);

let link: Link = { url: "", query: "", name: "" };
let mirrors: readonly string[] = [];
/** The media type of the link's file, once a check has found it. */
let type = "";
let checking: AbortController | undefined;

/** Sets up the card, which stays hidden until the first link is shown. */
export function initResult(): void {
  field.addEventListener("focus", () => field.select());
  playButton.addEventListener("click", play);
  checkButton.addEventListener("click", check);
  document.querySelectorAll<HTMLButtonElement>("[data-copies]").forEach(initCopyButton);
}

/** What to say about a link. */
export interface LinkNotes {
  readonly mirrors: readonly string[];
  /** Whether the URL of a mirror contains a secret. */
  readonly hasSecret: boolean;
  /** Until when the link works without the token, if it is signed. */
  readonly expires: Date | undefined;
  /** Whether players have to add the token. */
  readonly needsToken: boolean;
}

/** Shows a link. */
export function showLink(shown: Link, notes: LinkNotes): void {
  link = shown;
  mirrors = notes.mirrors;
  type = "";
  field.value = link.url;
  for (const [id, command] of Object.entries(commandsFor(link))) {
    element(id, HTMLElement).textContent = command;
  }
  showNotes(notes);
  endCheck();
  checked.replaceChildren();
  player.replaceChildren();
  showActions();
  card.hidden = false;
  announce("The link is ready.");
  card.scrollIntoView({ block: "nearest" });
}

function showNotes({ hasSecret, expires, needsToken }: LinkNotes): void {
  element("secret", HTMLElement).hidden = !hasSecret;
  element("needs-token", HTMLElement).hidden = !needsToken;
  const signed = element("signed", HTMLElement);
  signed.hidden = expires === undefined;
  const until = expires?.toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) ?? "";
  signed.textContent =
    `The link works until ${until} without the token: anyone who has it can get ` +
    "this file, and nothing else.";
}

/** Hides the link, and stops its check and its player. */
export function hideLink(): void {
  endCheck();
  player.replaceChildren();
  card.hidden = true;
  announce("");
}

function showActions(): void {
  playButton.hidden = mediaKind(type, link.name) === undefined;
  download.hidden = !playButton.hidden;
  download.href = link.url;
}

function play(): void {
  const kind = mediaKind(type, link.name);
  if (kind === undefined) return;
  const ariaLabel = `${link.name}, played through the proxy`;
  const media = make(kind, { controls: true, src: link.url, ariaLabel });
  media.setAttribute("playsinline", "");
  media.addEventListener("error", () => void explainFailure(media));
  player.replaceChildren(media);
  // If the browser blocks autoplay, the user starts it with the controls.
  media.play().catch(() => {});
  media.focus();
}

/** Shows why a file does not play: what the proxy says of it, or that the browser cannot. */
async function explainFailure(media: HTMLMediaElement): Promise<void> {
  const { url } = link;
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  const found = await fetchFacts(url, signal).catch(() => undefined);
  if (!media.isConnected || link.url !== url) return;
  const problem: ProblemDetails = found !== undefined && "detail" in found ? found : {
    title: "Playback failed",
    detail: found === undefined
      ? "the proxy cannot be reached. Is it still running?"
      : "the mirrors have the file, but the browser cannot play it; mpv and VLC play more formats.",
  };
  player.replaceChildren(problemBox(problem));
  announce(`${problem.title}: ${problem.detail}`);
}

const CHECK_TIMEOUT_MS = 60_000;

async function check(): Promise<void> {
  if (checking) return;
  const own = checking = new AbortController();
  checkButton.textContent = "Checking…";
  checkButton.ariaDisabled = "true";
  const signal = AbortSignal.any([own.signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]);
  const result = await fetchFacts(link.url, signal).catch((error): ProblemDetails => {
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    const detail = isLate
      ? "the proxy did not answer within a minute."
      : "the proxy cannot be reached. Is it still running?";
    return { title: "No answer", detail };
  });
  if (checking !== own) return;
  const answers = "type" in result && mirrors.length > 1 ? await askMirrors(signal) : undefined;
  if (checking !== own) return;
  endCheck();
  if ("type" in result) type = result.type;
  checked.replaceChildren("type" in result ? factsList(result) : problemBox(result));
  if (answers !== undefined) checked.append(answers);
  showActions();
}

/** Asks the proxy for each mirror alone. Returns the list of what they answer. */
async function askMirrors(signal: AbortSignal): Promise<HTMLElement> {
  const items = await Promise.all(mirrors.map(async (url) => {
    const alone = makeLink(location.origin, [url], { delay: "", save: false });
    const found = await fetchFacts(alone.url, signal).catch(() => undefined);
    const text = found === undefined
      ? "no answer in time"
      : "type" in found
      ? [found.size === undefined ? "unknown size" : formatBytes(found.size), found.type].join(", ")
      : found.mirrors?.[0]?.reason ?? found.detail;
    const isGood = found !== undefined && "type" in found;
    const { origin, pathname } = new URL(url);
    const className = isGood ? "good" : "bad";
    return make("li", {}, `${origin}${pathname}: `, make("strong", { className }, text));
  }));
  return make("ul", { className: "answers", ariaLabel: "Answers of the mirrors" }, ...items);
}

function endCheck(): void {
  checking?.abort();
  checking = undefined;
  checkButton.textContent = "Check";
  checkButton.ariaDisabled = null;
}

/** The facts of a file. */
interface FileFacts {
  readonly size: number | undefined;
  /** Empty where unknown. */
  readonly type: string;
  readonly etag: string | null;
}

/** A problem reported by the proxy (RFC 9457) or found by the check. */
interface ProblemDetails {
  readonly title: string;
  readonly detail: string;
  /** The mirrors that failed. */
  readonly mirrors?: readonly { readonly url: string; readonly reason: string }[] | undefined;
}

async function fetchFacts(url: string, signal: AbortSignal): Promise<FileFacts | ProblemDetails> {
  const response = await fetch(url, { method: "HEAD", cache: "no-store", signal });
  if (!response.ok) return await fetchProblem(url, response, signal);
  const { headers } = response;
  const length = headers.get("content-length");
  return {
    size: length === null ? undefined : Number(length),
    type: headers.get("content-type") ?? "",
    etag: headers.get("etag"),
  };
}

/** Requests the first byte for its problem document, because a response to HEAD has no body. */
async function fetchProblem(
  url: string,
  { status, statusText }: Response,
  signal: AbortSignal,
): Promise<ProblemDetails> {
  const plain = { title: statusText || `Status ${status}`, detail: "the proxy gave no reason." };
  const headers = { range: "bytes=0-0" };
  const response = await fetch(url, { headers, cache: "no-store", signal });
  if (response.ok || !/\bjson\b/.test(response.headers.get("content-type") ?? "")) {
    await response.body?.cancel();
    return plain;
  }
  const body: Partial<ProblemDetails> = (await response.json().catch(() => null)) ?? {};
  const { title = plain.title, detail = plain.detail, mirrors } = body;
  return { title, detail, mirrors: Array.isArray(mirrors) ? mirrors : [] };
}

function factsList({ size, type, etag }: FileFacts): HTMLElement {
  const exact = size === undefined
    ? "unknown"
    : `${formatBytes(size)} (${size.toLocaleString("en")} bytes)`;
  const facts = [["Size", exact], ["Type", type || "unknown"], ["ETag", etag ?? "none"]] as const;
  return make(
    "dl",
    { className: "found" },
    ...facts.map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text))),
  );
}

function problemBox({ title, detail, mirrors = [] }: ProblemDetails): HTMLElement {
  const text = make("p", {}, make("strong", {}, title), `: ${detail}`);
  const box = make("div", { className: "problem" }, text);
  const items = mirrors.map(({ url, reason }) => make("li", {}, `${url}: ${reason}`));
  if (items.length > 0) box.append(make("ul", {}, ...items));
  return box;
}

/** How long a copy button shows the outcome, in milliseconds. */
const OUTCOME_MS = 2000;

/** Sets up a button, which names the element to copy in `data-copies`. */
function initCopyButton(button: HTMLButtonElement): void {
  const source = element(button.dataset.copies ?? "", HTMLElement);
  let timer: number | undefined;
  button.addEventListener("click", async () => {
    const copied = await copy(source === field ? field.value : source.textContent ?? "");
    button.textContent = copied ? "Copied" : "Failed";
    announce(copied ? "Copied." : "The browser did not allow copying.");
    clearTimeout(timer);
    timer = setTimeout(() => button.textContent = "Copy", OUTCOME_MS);
  });
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // There is no clipboard without HTTPS, except on localhost.
    return copySelection(text);
  }
}

function copySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = make("textarea", { value: text, className: "unseen", readOnly: true });
  document.body.append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}
