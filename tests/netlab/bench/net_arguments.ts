/**
 * The command line of the benchmark of the lab.
 *
 * @module
 */

/** How mirrors are reached: HTTP/1.1 without TLS, with TLS, or with TLS and HTTP/2 offered. */
export const PROTOCOLS = ["plain", "tls", "h2"] as const;

/** One of {@linkcode PROTOCOLS}. */
export type Protocol = typeof PROTOCOLS[number];

/** Congestion controls of the mirrors that are measured. */
export const CONGESTION_CONTROLS = ["cubic", "bbr"] as const;

/** Options of the benchmark. */
export interface NetOptions {
  /** Scenarios and the sizes of the file, in bytes. */
  readonly courses: readonly { readonly scenario: string; readonly size: number }[];
  readonly protocols: readonly Protocol[];
  /** Congestion controls of the mirrors. */
  readonly controls: readonly string[];
  /** Names of commands; `undefined` for all that suit the scenario. */
  readonly only: readonly string[] | undefined;
  /** More flags of sphttp. */
  readonly flags: readonly string[];
  /** Folder of another checkout of sphttp to measure, too. */
  readonly against: string | undefined;
  /** Number of runs of each command. */
  readonly runs: number;
  /** How often a run that cannot be trusted is repeated. */
  readonly repeats: number;
  /** Path for all measurements. */
  readonly json: string | undefined;
  /** Whether cases that the file of measurements has are not measured again. */
  readonly goesOn: boolean;
  /** Path for the figure. */
  readonly svg: string | undefined;
}

/** Valid names. */
export interface NetChoices {
  /** Sizes of the file that are measured by default, in MB, by the names of the scenarios. */
  readonly scenarios: Readonly<Record<string, readonly number[]>>;
  readonly commands: readonly string[];
}

const DEFAULTS = { json: "bench-net.json", svg: "bench-net.svg" } as const;
const FLAGS: readonly string[] = [
  ...["runs", "repeats", "protocol", "cc", "only", "flags", "against", "json", "svg"],
];
const SWITCHES: readonly string[] = ["continue"];
const MEGABYTE = 1_000_000;

/** The usage, for the error of an unknown argument. */
export const NET_USAGE = `usage: deno task bench net [SCENARIO[:MB]...] [FLAG...]
  --runs N         runs of each command, in turns (5)
  --repeats N      how often a run that cannot be trusted is repeated (2)
  --protocol LIST  of plain, tls (HTTP/1.1) and h2 (HTTP/2 offered, too) (plain)
  --cc LIST        congestion controls of the mirrors, of cubic and bbr (cubic)
  --only LIST      commands
  --flags "FLAGS"  more flags of sphttp, of this checkout
  --against DIR    measure the sphttp of another checkout, too
  --source         run sphttp from its modules, not from its bundle
  --json [FILE]    write all measurements (${DEFAULTS.json})
  --svg [FILE]     write a figure (${DEFAULTS.svg})
  --continue       do not measure again what the file of --json has, and add to it`;

/**
 * Parses scenarios, with or without a size, and flags. Without a scenario, all are measured.
 *
 * @throws {RangeError} if a name or flag is unknown, or a value is missing or invalid
 */
export function parseNetArguments(args: readonly string[], choices: NetChoices): NetOptions {
  const names: string[] = [];
  const flags = new Map<string, string>();
  for (let index = 0; index < args.length; index++) {
    const [, name, inline] = /^--([^=]*)(?:=(.*))?$/s.exec(args[index]!) ?? [];
    if (name === undefined) {
      names.push(args[index]!);
      continue;
    }
    if (name === "help") throw new RangeError(NET_USAGE);
    if (SWITCHES.includes(name) && inline === undefined) {
      flags.set(name, "");
      continue;
    }
    if (!FLAGS.includes(name)) throw new RangeError(`There is no flag --${name}\n${NET_USAGE}`);
    const next = args[index + 1];
    // The flags of sphttp begin with dashes, too.
    const value = inline ?? (next?.startsWith("--") && name !== "flags" ? undefined : next);
    if (inline === undefined && value !== undefined) index++;
    if (!value && !(name in DEFAULTS)) throw new RangeError(`--${name} needs a value`);
    flags.set(name, value || DEFAULTS[name as keyof typeof DEFAULTS]);
  }
  const all = Object.keys(choices.scenarios);
  const courses = (names.length === 0 ? all : names).flatMap((name) => coursesOf(name, choices));
  return {
    courses: distinct(courses),
    protocols: listOf("protocol", flags.get("protocol") ?? "plain", PROTOCOLS),
    controls: listOf("cc", flags.get("cc") ?? "cubic", CONGESTION_CONTROLS),
    only: flags.has("only") ? listOf("only", flags.get("only")!, choices.commands) : undefined,
    flags: flags.get("flags")?.split(" ").filter(Boolean) ?? [],
    against: flags.get("against"),
    runs: wholeNumber("runs", flags.get("runs") ?? "5", 1),
    repeats: wholeNumber("repeats", flags.get("repeats") ?? "2", 0),
    json: flags.get("json") ?? (flags.has("continue") ? DEFAULTS.json : undefined),
    goesOn: flags.has("continue"),
    svg: flags.get("svg"),
  };
}

/** Returns the courses of `testbed` or `testbed:10`. */
function coursesOf(name: string, { scenarios }: NetChoices): NetOptions["courses"] {
  const [, scenario = "", megabytes] = /^(.*?)(?::(\d+(?:\.\d+)?))?$/.exec(name) ?? [];
  const usual = Object.hasOwn(scenarios, scenario) ? scenarios[scenario]! : undefined;
  const sizes = megabytes === undefined ? usual : [Number(megabytes)];
  if (usual === undefined || !(sizes![0]! > 0)) {
    const known = Object.keys(scenarios).join(", ");
    throw new RangeError(`There is no scenario "${name}"; there are ${known}\n${NET_USAGE}`);
  }
  return sizes!.map((size) => ({ scenario, size: Math.round(size * MEGABYTE) }));
}

/** Removes repetitions: `testbed:10 testbed`. */
function distinct(courses: NetOptions["courses"]): NetOptions["courses"] {
  return courses.filter(({ scenario, size }, index) =>
    courses.findIndex((one) => one.scenario === scenario && one.size === size) === index
  );
}

function listOf<Choice extends string>(
  flag: string,
  text: string,
  choices: readonly Choice[],
): Choice[] {
  return text.split(",").map((name) => {
    const choice = choices.find((one) => one === name);
    if (choice !== undefined) return choice;
    throw new RangeError(`--${flag} takes ${choices.join(", ")}; got "${name}"`);
  });
}

function wholeNumber(flag: string, text: string, least: number): number {
  if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
  throw new RangeError(`--${flag} takes a whole number from ${least}, got ${text}`);
}
