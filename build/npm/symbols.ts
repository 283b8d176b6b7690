/**
 * Symbols that not all browsers have: the bundler puts these in the place of `Symbol.dispose` and
 * `Symbol.asyncDispose`, and makes the same of `using`.
 *
 * @module
 */

// Read in a way that the bundler does not recognize.
const known = (name: string): symbol => Reflect.get(Symbol, name) ?? Symbol.for(`Symbol.${name}`);

export const dispose: symbol = known("dispose");
export const asyncDispose: symbol = known("asyncDispose");
