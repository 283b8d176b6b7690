/**
 * Checks the lab itself with curl, in about a minute, as root:
 *
 *     deno run --import-map=import_map.npm.json -A tests/netlab/check.ts
 *
 * Prints what it measured; the exit code is 1 if a figure is not what the settings of the links demand.
 *
 * @module
 */

import { buildNetlab, whyNoNetlab } from "./build.ts";
import type { LabStatistics } from "./run_in_lab.ts";
import { writeCertificates, writeRandomFile } from "./served_files.ts";

const SIZE = 64_000_000;
/** What the command of an interrupted lab waits for, to be found among the processes. */
const SLEEP = "987";

const reason = whyNoNetlab();
if (reason !== undefined) {
  console.error(`the lab cannot run here: ${reason}`);
  Deno.exit(2);
}
await using netlab = await buildNetlab();
const www = await Deno.makeTempDir({ prefix: "sphttp-netlab-check-" });
await writeRandomFile(www, SIZE);
let failed = 0;

/** The end of a run in the lab. */
interface Checked {
  /** The words of the command's output, as numbers. */
  readonly numbers: number[];
  readonly statistics: LabStatistics;
  readonly code: number;
}

/** Runs a shell command, whose arguments are the mirrors, in a lab of these links. */
function lab(links: string[], command: string, options: string[] = []): Checked {
  const stats = `${www}/stats.json`;
  const { code, stdout, stderr } = new Deno.Command(netlab.program, {
    args: [
      ...links.flatMap((link) => ["--link", link]),
      ...["--www", www, ...options, "--stats", stats],
      ...["--", "sh", "-c", `set -- $MIRRORS; ${command}`],
    ],
  }).outputSync();
  const decoder = new TextDecoder();
  if (stderr.length > 0) console.log(decoder.decode(stderr).trim());
  return {
    numbers: decoder.decode(stdout).trim().split(/\s+/).map(Number),
    statistics: JSON.parse(Deno.readTextFileSync(stats)),
    code,
  };
}

/** Returns a command that downloads the file and prints what curl measured. */
function get(what: string, options = "", url = "$1"): string {
  return `curl -s -o /dev/null ${options} -w '%{${what}}\\n' ${url}/${SIZE}`;
}

function check(what: string, value: number, [low, high]: readonly [number, number]): void {
  const isGood = value >= low && value <= high;
  if (!isGood) failed++;
  const [measured, from, to] = [value, low, high].map((number) => Number(number.toFixed(3)));
  console.log(`${isGood ? "ok  " : "BAD "} ${what}: ${measured} (${from} to ${to})`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((one, other) => one + other, 0);
}

/** Returns the payload in Mbit/s at a rate that counts whole packets. */
function payload(mbps: number, mtu = 1500): number {
  return mbps * (mtu - 52) / mtu;
}

function latency(): void {
  for (const rtt of [0, 10, 30, 100, 300]) {
    const three = Array(3).fill(get("time_connect", "-r 0-0")).join(";");
    const { numbers } = lab([`rate=50,rtt=${rtt}`], three);
    check(`ms to connect, round trip of ${rtt}`, Math.min(...numbers) * 1000, [rtt, rtt + 1]);
  }
  const connect = Array(40).fill(get("time_connect", "-r 0-0")).join(";");
  const { numbers } = lab(["rate=50,rtt=10,jitter=20"], connect);
  const times = numbers.map((seconds) => seconds * 1000);
  check("least ms to connect, 10 ms and jitter of 20", Math.min(...times), [10, 16]);
  const most = times.toSorted((one, other) => one - other)[Math.floor(0.9 * times.length)]!;
  check("  of nine in ten, at most", most, [20, 32]);
}

function rates(): void {
  const one = lab(["rate=50,rtt=30"], get("speed_download", "-r 0-39999999"));
  check("Mbit/s of 40 MB, 50 Mbit/s, 30 ms", one.numbers[0]! * 8e-6, [
    0.97 * payload(50),
    payload(50),
  ]);
  check("  packets that the devices dropped", one.statistics.device_drops, [0, 0]);
  const jumbo = lab(["rate=50,rtt=30"], get("speed_download"), ["--mtu", "9000"]);
  check("the same at an MTU of 9000, 64 MB", jumbo.numbers[0]! * 8e-6, [
    0.97 * payload(50, 9000),
    payload(50, 9000),
  ]);
  const links = ["rate=200,rtt=10", "rate=150,rtt=10", "rate=100,rtt=20", "rate=50,rtt=20"];
  const each = links.map((_, index) => `${get("size_download", "-m 3", `$${index + 1}`)} &`);
  const { numbers, statistics } = lab(links, `${each.join(" ")} wait`);
  check("Mbit/s over four links of 500 together, 3 s", sum(numbers) * 8e-6 / 3, [
    0.88 * payload(500),
    payload(500),
  ]);
  check("  share of a core that the lab took", statistics.cpu_s.lab / 3, [0, 0.6]);
  check("  mean lateness, ms", statistics.lag_ms.mean, [0, 0.5]);
}

function losses(): void {
  const table = [["cubic", [0.05, 0.25]], ["bbr", [0.85, 1]]] as const;
  for (const [control, range] of table) {
    const { numbers, statistics } = lab(
      ["rate=50,rtt=30,loss=0.01"],
      get("size_download", "-m 6"),
      ["--cc", control],
    );
    const share = numbers[0]! * 8e-6 / 6 / payload(50);
    check(`share of the rate at 1 % loss, ${control}`, share, range);
    check("  packets lost at random, %", lossPercent(statistics), [0.5, 1.5]);
  }
  const runs = lab(
    ["rate=50,rtt=30,loss=0.01,burst=10"],
    get("size_download", "-m 12"),
    ["--cc", "bbr"],
  );
  check("packets lost at random in runs of 10, %", lossPercent(runs.statistics), [0.4, 2]);
  const cubic = lab(["rate=50,rtt=30,loss=0.01,burst=10"], get("size_download", "-m 6"));
  // Ten losses in a row are one event of congestion.
  check("  share of the rate then, cubic", cubic.numbers[0]! * 8e-6 / 6 / payload(50), [0.2, 0.9]);
  const again = [1, 2].map(() =>
    lab(["rate=50,rtt=30,loss=0.01,seed=5"], get("time_total", "-r 0-999999"))
      .statistics.links[0]!.drops.loss
  );
  check("losses of two runs with one seed, difference", Math.abs(again[0]! - again[1]!), [0, 3]);
}

function lossPercent({ links }: LabStatistics): number {
  const { drops, packets } = links[0]!;
  return 100 * drops.loss / (packets + drops.loss);
}

function sharing(): void {
  const three = lab(
    ["rate=60,rtt=20"],
    `for i in 1 2 3; do ${get("size_download", "-m 8")} & done; wait`,
  );
  const total = sum(three.numbers);
  const jain = total ** 2 / 3 / sum(three.numbers.map((bytes) => bytes * bytes));
  check("fairness (Jain) of 3 downloads on a link, 8 s", jain, [0.9, 1]);
  check("  Mbit/s of them together", total * 8e-6 / 8, [0.95 * payload(60), payload(60)]);
  const each = [1, 2, 3].map((index) => `${get("size_download", "-m 4", `$${index}`)} &`);
  const shared = lab(Array(3).fill("rate=100,rtt=20"), `${each.join(" ")} wait`, [
    "--client-mbps",
    "100",
  ]);
  check("Mbit/s of three links of 100 behind 100, 4 s", sum(shared.numbers) * 8e-6 / 4, [
    0.93 * payload(100),
    payload(100),
  ]);
}

function timeline(): void {
  const links = ["rate=80,rtt=20,at=1:rate=8,at=3:rate=80"];
  const { numbers } = lab(links, get("time_total", "-r 0-19999999"));
  const least = 3 + (160 - payload(80) - 2 * payload(8)) / payload(80);
  check("s for 20 MB at 80 Mbit/s, at 8 from second 1 to 3", numbers[0]!, [least, least + 0.4]);
  const down = lab(["rate=50,rtt=20,at=1:down,at=2:up"], get("time_total", "-r 0-9999999"));
  check("s for 10 MB at 50 Mbit/s, down from second 1 to 2", down.numbers[0]!, [2.6, 4]);
  check("  packets lost while down", down.statistics.links[0]!.drops.down, [1, 1000]);
}

async function servers(): Promise<void> {
  const { ca, cert, key } = await writeCertificates(www, 1);
  for (const [version, options] of [["1.1", []], ["2", ["--http2"]]] as const) {
    const tls = ["--cert", cert, "--key", key, ...options];
    const { numbers } = lab(["rate=50,rtt=10"], get("http_version", `--cacert ${ca}`), tls);
    check(`version of HTTP over TLS, ${version}`, numbers[0]!, [Number(version), Number(version)]);
  }
  const limited = lab(["rate=50,rtt=10"], get("speed_download", "-r 0-4999999"), [
    "--nginx",
    "limit_rate 1250000;",
  ]);
  check("Mbit/s of a server that limits to 10", limited.numbers[0]! * 8e-6, [9, 13]);
  check("exit code of the command", lab(["rate=50,rtt=30"], "exit 42").code, [42, 42]);
}

/** Counts what there is of labs: network namespaces in use, devices of links, and processes. */
function present(): Record<string, number> {
  const pids = [...Deno.readDirSync("/proc")].map(({ name }) => name)
    .filter((name) => /^\d+$/.test(name));
  const commands = pids.map((pid) => attempt(() => Deno.readTextFileSync(`/proc/${pid}/cmdline`)));
  return {
    "namespaces":
      new Set(pids.map((pid) => attempt(() => Deno.readLinkSync(`/proc/${pid}/ns/net`))))
        .size,
    "devices in this namespace":
      Deno.networkInterfaces().filter(({ name }) => /^(nl|tun)\d/.test(name)).length,
    "processes":
      commands.filter((command) => command.includes(`sleep\0${SLEEP}`) || command.includes(www))
        .length,
  };
}

/** Returns an empty text if the process has ended meanwhile. */
function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}

async function end(): Promise<void> {
  const before = present();
  for (const signal of [undefined, "SIGTERM", "SIGINT", "SIGKILL"] as const) {
    const link = ["--link", "rate=50,rtt=30"];
    const child = new Deno.Command(netlab.program, {
      args: [
        ...[...link, ...link, "--www", www, "--stats", "/dev/null"],
        ...["--", "sh", "-c", signal === undefined ? "echo" : `echo; sleep ${SLEEP}`],
      ],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    const during = present();
    if (signal !== undefined) child.kill(signal);
    await child.status;
    await reader.cancel();
    // The keeper's turn.
    if (signal === "SIGKILL") await new Promise((resolve) => setTimeout(resolve, 500));
    const after = present();
    for (const [what, count] of Object.entries(before)) {
      const text = `${what} left after ${signal ?? "the end"}`;
      const seen = signal === undefined ? "" : `, ${during[what]! - count} before it`;
      check(text + seen, after[what]! - count, [0, 0]);
    }
  }
}

try {
  latency();
  rates();
  losses();
  sharing();
  timeline();
  await servers();
  await end();
} finally {
  await Deno.remove(www, { recursive: true });
}
if (failed > 0) Deno.exitCode = 1;
