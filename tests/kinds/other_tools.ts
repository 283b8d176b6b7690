/**
 * Shows what curl and aria2c do with each kind of server alone, and holds it against the table:
 * `deno run --import-map=import_map.npm.json -A tests/kinds/other_tools.ts [NAME…]`. Prints a line for each kind; those
 * in which a tool did something else than the table says end with `table:`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { programPath } from "../support/programs/programs.ts";
import { sendSignal } from "../support/programs/send_signal.ts";
import type { Kind, Tried } from "./kind.ts";
import { contentOf, nameIn, startServers } from "./run_kind.ts";
import { CHANGES } from "./identity.ts";
import { KINDS } from "./kinds.ts";
import { workplace } from "../support/workplace.ts";

/** Maximum time of a tool, in seconds. */
const LIMIT_S = 30;
/** aria2c divides files into pieces of 1 MiB or more. */
const SIZE = 4_500_000;
/** Kinds that are tried at the same time. */
const AT_ONCE = 6;

/** Runs a tool on a URL; returns what it did. */
async function tried(tool: "curl" | "aria2c", kind: Kind): Promise<Tried> {
  const fixed = kind.size !== undefined || CHANGES.includes(kind);
  const sized = { ...kind, copies: 1, size: fixed ? kind.size : SIZE };
  const content = contentOf(sized);
  await using servers = await startServers(sized, "alone", content);
  const [url] = servers.urls;
  using place = workplace();
  const name = nameIn(new URL(url!).pathname);
  const args = tool === "curl"
    ? ["-fsSL", "--retry", "0", "-o", name, "--", url!]
    : [...["-x4", "-s4", "-k1M", "-q", "--max-tries=3", "--retry-wait=1"], ...["-o", name, url!]];
  const child = new Deno.Command(programPath(tool), {
    args,
    cwd: place.path,
    stdin: "null",
    stdout: "null",
    stderr: "null",
    env: { HOME: "/nonexistent", LC_ALL: "C" },
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    sendSignal(child, "SIGKILL");
  }, LIMIT_S * 1000);
  const { code } = await child.status;
  clearTimeout(timer);
  if (late) return "late";
  if (code !== 0) return code;
  const bytes = await Deno.readFile(place.at(name)).catch(() => undefined);
  const sha256 = bytes && createHash("sha256").update(bytes).digest("hex");
  return sha256 === content.sha256() ? "file" : "wrong";
}

const wanted = KINDS.filter(({ name }) => Deno.args.length === 0 || Deno.args.includes(name));
const queue = [...wanted];
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  for (let kind = queue.shift(); kind !== undefined; kind = queue.shift()) {
    const curl = await tried("curl", kind);
    const aria2c = await tried("aria2c", kind);
    const same = curl === kind.tried[0] && aria2c === kind.tried[1];
    const table = same ? "" : `; table: ${kind.tried.join(" ")}`;
    console.log(`${kind.name}: curl ${curl}, aria2c ${aria2c}${table}`);
  }
}));
