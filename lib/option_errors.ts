/**
 * The errors of options: a class for each kind of mistake, whose message names the option, what is wrong with
 * it, and what to do.
 *
 * @module
 */

/** An option has a value of the wrong type or kind. */
export class OptionTypeError extends TypeError {
  /** Name of the option, like `splitSize` or `retry.attempts`. */
  readonly option: string;
  /** What is wrong with it; the message is its name and this. */
  readonly problem: string;

  /** Creates the error; its message is `option` and `problem`. */
  constructor(option: string, problem: string) {
    super(`${option} ${problem}`);
    this.option = option;
    this.problem = problem;
  }
}

/** An option has a number that is out of range. */
export class OptionRangeError extends RangeError {
  /** Name of the option, like `splitSize` or `retry.attempts`. */
  readonly option: string;
  /** What is wrong with it; the message is its name and this. */
  readonly problem: string;

  /** Creates the error; its message is `option` and `problem`. */
  constructor(option: string, problem: string) {
    super(`${option} ${problem}`);
    this.option = option;
    this.problem = problem;
  }
}

/** An option is set that the chosen algorithm does not use. */
export class UnusedOptionError extends OptionTypeError {
  /** Name of the option that chooses the algorithm: `delayRequest` or `duplicateRequest`. */
  readonly selector: string;
  /** The algorithm that is chosen: its name, or `a function`. */
  readonly chosen: string;
  /** An algorithm that uses the option. */
  readonly usedBy: string;

  /** Creates the error; its message says what to do. */
  constructor(option: string, selector: string, chosen: string, usedBy: string) {
    super(
      option,
      `is not used by ${selector} ${chosen}; leave it out or set ${selector} to ${usedBy}`,
    );
    this.selector = selector;
    this.chosen = chosen;
    this.usedBy = usedBy;
  }
}

/** An option is set that this runtime cannot follow. */
export class UnsupportedOptionError extends OptionTypeError {
  /** The runtimes that can, like `Deno`. */
  readonly needs: string;
  /** The one that cannot, like `Node.js 20.20.2`. */
  readonly runtime: string;

  /** Creates the error; its message names both, and `instead`: what this runtime has in its place. */
  constructor(option: string, needs: string, runtime: string, instead?: string) {
    const advice = instead === undefined ? "leave it out" : `leave it out, and ${instead}`;
    super(option, `needs ${needs}, but this is ${runtime}; ${advice}`);
    this.needs = needs;
    this.runtime = runtime;
  }
}
