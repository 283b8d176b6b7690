/**
 * The card of a link: its commands, its check, and the player or the download.
 *
 * @module
 */

import { checkLink, type CheckResult, type ProblemDetails } from "./check.ts";
import { announce, element, make } from "./dom.ts";
import { formatBytes } from "./formats.ts";
import { commandsFor, type Link, mediaKind } from "./link.ts";

const card = element("result", HTMLElement);
const field = element("link", HTMLInputElement);
const playButton = element("play", HTMLButtonElement);
const download = element("download", HTMLAnchorElement);
const checkButton = element("check", HTMLButtonElement);
const checked = element("checked", HTMLElement);
const player = element("player", HTMLElement);

/** The link on the card, and its media type once a check has found it. */
let current: { readonly link: Link; type: string } | undefined;
let checking: AbortController | undefined;

/** Sets up the card, which stays hidden until the first link is shown. */
export function initResult(): void {
  field.addEventListener("focus", () => field.select());
  playButton.addEventListener("click", play);
  checkButton.addEventListener("click", check);
}

/** Shows a link; with a warning if it contains a secret. */
export function showLink(link: Link, hasSecret: boolean): void {
  current = { link, type: "" };
  field.value = link.url;
  for (const [id, command] of Object.entries(commandsFor(link))) {
    element(id, HTMLElement).textContent = command;
  }
  element("secret", HTMLElement).hidden = !hasSecret;
  endCheck();
  checked.replaceChildren();
  player.replaceChildren();
  showActions();
  card.hidden = false;
  announce("The link is ready.");
  card.scrollIntoView({ block: "nearest" });
}

function showActions(): void {
  if (current === undefined) return;
  const isPlayable = mediaKind(current.type, current.link.name) !== undefined;
  playButton.hidden = !isPlayable;
  download.hidden = isPlayable;
  download.href = current.link.url;
}

async function check(): Promise<void> {
  if (checking || current === undefined) return;
  const own = checking = new AbortController();
  checkButton.textContent = "Checking…";
  checkButton.ariaDisabled = "true";
  const result = await checkLink(current.link.url, own.signal);
  if (checking !== own) return;
  endCheck();
  if (result.kind === "file") current.type = result.type;
  checked.replaceChildren(result.kind === "file" ? fileFacts(result) : problemBox(result.problem));
  showActions();
}

function endCheck(): void {
  checking?.abort();
  checking = undefined;
  checkButton.textContent = "Check";
  checkButton.ariaDisabled = null;
}

function fileFacts({ size, type, etag }: CheckResult & { kind: "file" }): HTMLElement {
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

function play(): void {
  if (current === undefined) return;
  const { link: { url, name }, type } = current;
  const kind = mediaKind(type, name);
  if (kind === undefined) return;
  const media = make(kind, {
    controls: true,
    src: url,
    ariaLabel: `${name}, played through the proxy`,
  });
  media.setAttribute("playsinline", "");
  media.addEventListener("error", () => {
    const detail = "the browser cannot play this file. “Check” shows whether the mirrors answer; " +
      "mpv and VLC play more formats.";
    player.replaceChildren(problemBox({ title: "Playback failed", detail }));
    announce(`Playback failed: ${detail}`);
  });
  player.replaceChildren(media);
  // If the browser blocks autoplay, the user starts it with the controls.
  media.play().catch(() => {});
  media.focus();
}
