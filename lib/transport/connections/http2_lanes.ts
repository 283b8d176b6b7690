/**
 * HTTP/2 connections to one server. The platform sends all requests of a client to a server over one
 * connection, with one window for all: one lost packet delays each of them, and a rescue would go to the
 * connection that is late. So requests that run at the same time have clients of their own, as far as the
 * bound allows.
 *
 * @module
 */

/** Maximum number of connections to a server; more requests share them. */
const MOST_LANES = 16;

/** A connection. */
interface Lane {
  readonly client: Deno.HttpClient;
  /** Number of requests whose bodies have not ended. */
  live: number;
}

/** A lane that a request has, until it is given back. */
export interface TakenLane {
  readonly client: Deno.HttpClient;
  /** Gives the lane back; further calls do nothing. */
  release(): void;
}

export class Http2Lanes {
  readonly #open: () => Deno.HttpClient;
  /** The one that was idle last is at the end: its window is the largest. */
  readonly #lanes: Lane[] = [];

  /** `open` creates a client; it is called when no other is idle. */
  constructor(open: () => Deno.HttpClient) {
    this.#open = open;
  }

  /** Takes an idle lane, or a new one; if there are too many, the one with the fewest requests. */
  take(): TakenLane {
    const lane = this.#lanes.findLast(({ live }) => live === 0) ?? this.#another();
    lane.live++;
    let isTaken = true;
    return {
      client: lane.client,
      release: () => {
        if (!isTaken) return;
        isTaken = false;
        if (--lane.live > 0) return;
        this.#lanes.splice(this.#lanes.indexOf(lane), 1);
        this.#lanes.push(lane);
      },
    };
  }

  close(): void {
    for (const { client } of this.#lanes) client.close();
    this.#lanes.length = 0;
  }

  #another(): Lane {
    if (this.#lanes.length === MOST_LANES) {
      return this.#lanes.reduce((least, lane) => lane.live < least.live ? lane : least);
    }
    const lane: Lane = { client: this.#open(), live: 0 };
    this.#lanes.push(lane);
    return lane;
  }
}
