import { assert, assertEquals } from "@std/assert";
import { randomContent } from "../../support/lab/content.ts";
import { type LabMirror, startMirror } from "../../support/lab/mirror_lab.ts";
import { mulberry32 } from "../../support/random.ts";
import { workplace } from "../../support/workplace.ts";

const ROOT = new URL("../../..", import.meta.url);
const SIZE = 8_000_000;
const CONTENT = randomContent(SIZE);
const ROUNDS = 12;
/** Slow enough for every round to be ended long before the file is complete, in bytes per second. */
const RATE = 1_500_000;

/** The command in a process of its own, going on with whatever is there. */
function goOn(directory: string, mirrors: readonly LabMirror[], ...more: string[]) {
  const map = `--import-map=${new URL("import_map.npm.json", ROOT).href}`;
  const cli = new URL("cli.ts", ROOT).href;
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", map, "-A", cli],
      ...["-s", "-S", "-C", "-", "-o", "f", "--split-size=100000", ...more],
      ...mirrors.map(({ url }) => url),
    ],
    cwd: directory,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

function sizeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** When a process is killed: what has happened in its directory by then. */
type Moment = (part: string, event: Deno.FsEvent | undefined) => boolean;

const isMade: Moment = (part) => sizeOf(part) !== undefined;
/** The record is made, written, renamed; or bytes came, where there is none. */
const isRecorded = (before: number): Moment => (part, event) =>
  event?.paths.some((path) => path.includes(".json")) || (sizeOf(part) ?? 0) > before;
const hasGrown = (before: number, bytes: number): Moment => (part) =>
  (sizeOf(part) ?? 0) > before + bytes;

/** Kills a process at a moment; resolves to what it ended with. */
async function killAt(
  child: Deno.ChildProcess,
  watcher: Deno.FsWatcher,
  isNow: (event: Deno.FsEvent | undefined) => boolean,
): Promise<Deno.CommandOutput> {
  // Whoever ends by itself makes no more events.
  const ended = child.output().finally(() => watcher.close());
  if (!isNow(undefined)) {
    for await (const event of watcher) if (isNow(event)) break;
  }
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
  return await ended;
}

for (const seed of [1, 2]) {
  Deno.test(`a download that is killed again and again is right in the end, seed ${seed}`, async () => {
    const random = mulberry32(seed);
    using place = workplace();
    const part = place.at("f.part");
    await using one = await startMirror({ content: CONTENT, bytesPerSecond: RATE });
    await using two = await startMirror({ content: CONTENT, bytesPerSecond: RATE });
    const mirrors = [one, two];
    let growths = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const before = sizeOf(part) ?? 0;
      const moments = [
        ...[isMade, isRecorded(before), hasGrown(before, 0)],
        hasGrown(before, Math.floor(random() * 600_000)),
      ];
      const moment = moments[round % 2 === 0 ? 3 : Math.floor(random() * 3)]!;
      const watcher = Deno.watchFs(place.path);
      // Not always the same mirrors: one that is new has no place in what is known.
      const some = random() < 0.3 ? [mirrors[Math.floor(random() * 2)]!] : mirrors;
      const child = goOn(place.path, some);
      const { signal, code, stderr } = await killAt(child, watcher, (e) => moment(part, e));
      const said = new TextDecoder().decode(stderr);
      assertEquals(signal, "SIGKILL", `round ${round} ended by itself with ${code}: ${said}`);
      const bytes = Deno.readFileSync(part);
      assertEquals(sizeOf(place.at("f")), undefined);
      assert(bytes.byteLength >= before, `round ${round}: ${before} bytes became fewer`);
      assertEquals(bytes, CONTENT.read(0, bytes.byteLength), `round ${round}`);
      if (bytes.byteLength > before) growths++;
    }
    assert(growths >= ROUNDS / 3, `only ${growths} rounds brought bytes`);
    for (const mirror of mirrors) mirror.setRate(undefined);
    const child = goOn(place.path, mirrors, `--checksum=sha-256=${CONTENT.sha256()}`);
    const { code, stderr } = await child.output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertEquals(place.read("f"), CONTENT.read(0, SIZE));
    assertEquals(place.names(), ["f"]);
  });
}
