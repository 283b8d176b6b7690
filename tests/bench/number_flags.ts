/**
 * The command lines of benches whose options are numbers.
 *
 * @module
 */

/** The numbers of a bench, by the names of their flags. */
type Numbers = Readonly<Record<string, number>>;

const FORMS = {
  whole: { pattern: /^[1-9]\d{0,8}$/, meaning: "a whole number from 1" },
  positive: { pattern: /^\d{1,4}(\.\d+)?$/, meaning: "a number above 0" },
} as const;

/**
 * Parses `--name N` and `--name=N` for every name in `defaults`.
 *
 * @param form which numbers are valid: whole ones, or fractions too
 * @throws {RangeError} if a flag is unknown, or its value is missing or invalid
 */
export function parseNumberFlags<Values extends Numbers>(
  bench: string,
  defaults: Values,
  args: readonly string[],
  form: keyof typeof FORMS = "whole",
): { -readonly [Name in keyof Values]: number } {
  const { pattern, meaning } = FORMS[form];
  const values: { -readonly [Name in keyof Values]: number } = { ...defaults };
  const rest = args.flatMap((arg) => arg.split("=", 2));
  for (let index = 0; index < rest.length; index += 2) {
    const flag = rest[index]!;
    const name = flag.slice(2);
    const value = rest[index + 1] ?? "";
    if (!flag.startsWith("--") || !Object.hasOwn(defaults, name)) {
      const known = Object.keys(defaults).map((name) => `--${name} N`).join(" and ");
      throw new RangeError(`${bench} takes ${known}, got ${flag}`);
    }
    if (!pattern.test(value) || Number(value) <= 0) {
      throw new RangeError(`--${name} takes ${meaning}, got ${value}`);
    }
    values[name as keyof Values] = Number(value);
  }
  return values;
}
