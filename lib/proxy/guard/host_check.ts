/**
 * Refuses requests that do not name the proxy. A page of another site can make a browser send requests
 * to the proxy by a name of its own that resolves to the proxy's address (DNS rebinding), and read the
 * responses: only the name tells.
 *
 * @module
 */

import { portOf, withoutLastDots } from "../../http/address/host.ts";
import { Problem } from "../problem.ts";
import {
  HOST_PATTERNS,
  type HostPattern,
  matchesAddress,
  matchesName,
  parseHostPattern,
} from "./host_pattern.ts";
import { parseIpAddress } from "./ip_address.ts";

/** By these, only the machine itself reaches the proxy. */
const LOOPBACK = ["localhost", "*.localhost", "127.0.0.0/8", "::1"];

/** Matches every name. */
export const ANY_HOST = "*";

export class HostCheck {
  /** `undefined` for every name. */
  readonly #patterns: readonly HostPattern[] | undefined;

  /**
   * @param hosts patterns of names and addresses besides loopback; `undefined` for every name
   * @throws {TypeError} when a pattern is invalid
   */
  constructor(hosts: readonly string[] | undefined) {
    if (hosts === undefined || hosts.includes(ANY_HOST)) return;
    this.#patterns = [...LOOPBACK, ...hosts].map((text) => {
      const pattern = parseHostPattern(text);
      if (pattern !== undefined) return pattern;
      throw new TypeError(`ownHosts has "${text}", but must have ${HOST_PATTERNS}, or *`);
    });
  }

  /**
   * Checks that the URL of a request names the proxy.
   *
   * @throws {Problem} of status 421 when it does not
   */
  check(url: URL): void {
    if (this.#patterns === undefined) return;
    const host = withoutLastDots(url.hostname);
    const port = `${portOf(url)}`;
    const address = parseIpAddress(host);
    const isOwn = this.#patterns.some((pattern) =>
      (pattern.port ?? port) === port &&
      (address === undefined ? matchesName(pattern, host) : matchesAddress(pattern, address))
    );
    if (isOwn) return;
    throw new Problem(
      421,
      `this proxy is not known as ${host}; if it should be, its operator can say so: ` +
        `--public-name ${host} of the command, ownHosts of createHandler()`,
    );
  }
}
