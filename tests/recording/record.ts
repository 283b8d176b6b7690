/**
 * Records the animation of the README, `docs/demo.svg`: a real run of the command in a terminal, from three local
 * mirrors with the links of the thesis's testbed. Needs script(1), as Linux has it.
 *
 *     deno task recording [FILE]
 *
 * @module
 */

import { spawnLab } from "../support/lab/spawn_lab.ts";
import { TESTBED } from "../support/simulator/mirror.ts";
import { workplace } from "../support/workplace.ts";
import { type Output, terminalFrames } from "./terminal_frames.ts";
import { drawTerminal } from "./terminal_svg.ts";

const SIZE = { columns: 80, rows: 10 } as const;
const BYTES = 96_000_000;
const NAMES = ["one.example", "two.example", "three.example"] as const;
const PATH = "/big.iso";
/** What the reader would type. The run itself also says where the names lead: to the local mirrors. */
const PROMPT = [
  "\x1b[32m$\x1b[0m sphttp -o big.iso \\",
  ...NAMES.map((name, index) => `    http://${name}${PATH}${index < 2 ? " \\" : ""}`),
];

if (import.meta.main) {
  const file = Deno.args[0] ?? "docs/demo.svg";
  await Deno.writeTextFile(file, await record());
  console.error(`Wrote ${file}`);
}

/** Runs the command, and returns the picture. */
async function record(): Promise<string> {
  using place = workplace();
  const mirrors = TESTBED.map((link) => ({ ...link, path: PATH }));
  await using lab = await spawnLab({ size: BYTES, mirrors });
  const targets = lab.urls.map((url, index) =>
    `--connect-to ${NAMES[index]}:80:127.0.0.1:${new URL(url).port}`
  );
  const cli = new URL("../../cli.ts", import.meta.url).pathname;
  const map = new URL("../../import_map.npm.json", import.meta.url).pathname;
  const command = [
    `stty cols ${SIZE.columns} rows ${SIZE.rows};`,
    `${Deno.execPath()} run -A --quiet --import-map=${map} ${cli} -o big.iso`,
    ...targets,
    ...NAMES.map((name) => `http://${name}${PATH}`),
  ].join(" ");
  const { code, stderr } = await new Deno.Command("script", {
    args: ["-qec", command, "--log-out", place.at("out"), "--log-timing", place.at("timing")],
    cwd: place.path,
    env: { TERM: "xterm-256color", NO_COLOR: "" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(`script ended with ${code}: ${new TextDecoder().decode(stderr)}`);
  const outputs = [
    { seconds: 0, text: `${PROMPT.join("\r\n")}\r\n` },
    ...readLog(place.read("out"), place.readText("timing")),
  ];
  const frames = await terminalFrames(outputs, SIZE, 0.2);
  return drawTerminal(frames, {
    ...SIZE,
    title: "sphttp downloads one file from three mirrors at once, with the rate of each",
    holdSeconds: 4,
  });
}

/** Reads the log of script(1): in `timing` a line for each output, with the seconds before it and its bytes. */
function readLog(log: Uint8Array, timing: string): Output[] {
  const decoder = new TextDecoder();
  // The log begins with a line about the run.
  let at = log.indexOf(10) + 1;
  let seconds = 0;
  return timing.trim().split("\n").map((line) => {
    const [delay, bytes] = line.split(" ").map(Number);
    seconds += delay!;
    const text = decoder.decode(log.subarray(at, at + bytes!), { stream: true });
    at += bytes!;
    return { seconds, text };
  });
}
