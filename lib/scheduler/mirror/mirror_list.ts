/**
 * The mirrors of one download. Each is known by its number, so that none is ever taken out; others may be
 * added at any time. Pure.
 *
 * @module
 */

import { FEW_MIRRORS } from "../host/connection_budget.ts";
import { HostLimits } from "../host/host_limits.ts";
import type { KnownLink } from "./link_estimate.ts";
import type { NewMirror } from "../messages.ts";
import { Mirror } from "./mirror.ts";

export interface MirrorListOptions {
  /** The mirrors' URLs, without credentials. */
  readonly urls: readonly string[];
  /** What is known of the mirrors' links, in the order of the URLs. */
  readonly known?: readonly (KnownLink | undefined)[] | undefined;
  /** The most requests that a mirror may have under way at once. */
  readonly maxConnectionsPerMirror: number | "auto";
  /** The same of some mirrors, in the order of the URLs. */
  readonly connections?: readonly (number | undefined)[] | undefined;
  /**
   * What is known of the mirrors' hosts, which downloads share.
   *
   * @default {nothing}
   */
  readonly hosts?: HostLimits | undefined;
  /** Called when another download has ended a request that a mirror may wait for: look again. */
  readonly onTurn?: (() => void) | undefined;
}

export class MirrorList {
  /** In the order in which they were given or added: others may follow. */
  readonly mirrors: readonly Mirror[];
  readonly #mirrors: Mirror[];
  readonly #options: MirrorListOptions;
  readonly #hosts: HostLimits;

  constructor(options: MirrorListOptions) {
    const { urls, known, connections, hosts = new HostLimits() } = options;
    this.#options = options;
    this.#hosts = hosts;
    this.mirrors = this.#mirrors = urls.map((url, index) =>
      this.#create(url, known?.[index], connections?.[index])
    );
  }

  /**
   * Adds a mirror, or puts one into use again that was dropped. Returns it; `undefined` if it is in use
   * already.
   */
  add({ url, known, connections }: NewMirror): Mirror | undefined {
    const before = this.#mirrors.find((mirror) => mirror.url === url);
    if (before?.rejoin() === false) return undefined;
    const mirror = before ?? this.#create(url, known, connections);
    if (before === undefined) this.#mirrors.push(mirror);
    return mirror;
  }

  #create(url: string, known: KnownLink | undefined, connections: number | undefined): Mirror {
    const { urls, maxConnectionsPerMirror, onTurn = () => {} } = this.#options;
    return new Mirror(url, {
      known,
      maxConnections: connections ?? maxConnectionsPerMirror,
      mirrors: urls.length,
      seat: this.#hosts.join(url, onTurn, urls.length > FEW_MIRRORS),
    });
  }
}
