/**
 * Checks of values that callers give: options, and data they have stored as JSON. Each returns the
 * value or throws an error that names it, what it is, and what it must be.
 *
 * @module
 */

import { OptionRangeError, OptionTypeError } from "./option_errors.ts";

/**
 * Returns a whole number from `least` to `most`; messages have `of` between the option's name and what
 * is wrong.
 */
export function whole(
  option: string,
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
  of = "",
): number {
  if (!Number.isInteger(value)) {
    throw new OptionTypeError(option, `${of}is ${shown(value)}, but must be a whole number`);
  }
  return number(option, value, least, most, of);
}

/** Returns a number from `least` to `most`. */
export function number(
  option: string,
  value: unknown,
  least: number,
  most: number,
  of = "",
): number {
  if (typeof value !== "number") {
    throw new OptionTypeError(option, `${of}is ${shown(value)}, but must be a number`);
  }
  if (value >= least && value <= most) return value;
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `at least ${least}`;
  throw new OptionRangeError(option, `${of}is ${value}, but must be ${range}`);
}

/** Returns one of the names. */
export function oneOf<Name extends string>(
  option: string,
  value: unknown,
  names: readonly Name[],
): Name {
  const found = names.find((name) => name === value);
  if (found !== undefined) return found;
  throw new OptionTypeError(option, `is ${shown(value)}, but must be one of ${names.join(", ")}`);
}

/** Returns an object. */
export function record(option: string, value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new OptionTypeError(option, `is ${shown(value)}, but must be an object`);
}

/** Returns a list of items that `check` returns. */
export function list<Item>(
  option: string,
  value: unknown,
  check: (option: string, item: unknown) => Item,
): Item[] {
  if (Array.isArray(value)) return value.map((item, index) => check(`${option}[${index}]`, item));
  throw new OptionTypeError(option, `is ${shown(value)}, but must be a list`);
}

/** Returns a string. */
export function text(option: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new OptionTypeError(option, `is ${shown(value)}, but must be a string`);
}

/** Returns those fields of an object that are strings or missing; `null` counts as missing. */
export function texts<Name extends string>(
  option: string,
  value: unknown,
  names: readonly Name[],
): Record<Name, string | undefined> {
  const fields = record(option, value);
  return Object.fromEntries(names.map((name) => {
    const value = fields[name] ?? undefined;
    return [name, value === undefined ? undefined : text(`${option}.${name}`, value)];
  })) as Record<Name, string | undefined>;
}

/** Returns an instance of a class, or `undefined` for none. */
export function instance<Instance>(
  option: string,
  value: unknown,
  type: abstract new (...options: never) => Instance,
): Instance | undefined {
  if (value === undefined || value instanceof type) return value;
  throw new OptionTypeError(option, `is ${shown(value)}, but must be an instance of ${type.name}`);
}

/** Returns a function, or `undefined` for none. */
export function callable<Value>(option: string, value: Value): Value {
  if (value === undefined || typeof value === "function") return value;
  throw new OptionTypeError(option, `is ${shown(value)}, but must be a function`);
}

/** Names a value in a message; no control character of it reaches a terminal. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
