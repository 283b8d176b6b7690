/**
 * Options that were not given are left out: to what takes them, that is another thing than `undefined`.
 *
 * @module
 */

/** A record without what is undefined. */
export type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Leaves out what is undefined. */
export function withoutUndefined<T extends object>(record: T): Given<T> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== undefined),
  ) as Given<T>;
}
