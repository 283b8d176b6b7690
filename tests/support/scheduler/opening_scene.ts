/**
 * An opening in short words: what mirrors answer, and what follows from it, for tables of transitions.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { MirrorError } from "../../../lib/errors.ts";
import type { Page } from "../../../lib/http/name/html.ts";
import type { Answer } from "../../../lib/scheduler/messages.ts";
import { Mirror } from "../../../lib/scheduler/mirror/mirror.ts";
import { Opening } from "../../../lib/scheduler/opening/opening.ts";
import type {
  OpeningEvent,
  OpeningOptions,
  OpeningState,
  OpeningStep,
} from "../../../lib/scheduler/opening/opening_steps.ts";
import { Requests } from "../../../lib/scheduler/requests/request_set.ts";
import type { LiveRequest } from "../../../lib/scheduler/requests/live_request.ts";

const PROBE = 4;

/** An opening in which a test says what each mirror answers, and when. */
export class Scene {
  readonly mirrors: readonly Mirror[];
  readonly opening: Opening;
  readonly #requests = new Requests();
  readonly #probes: readonly LiveRequest[];
  /** Mirrors that are being probed. */
  readonly outstanding: Set<number>;
  now = 0;

  constructor(count: number, options: Partial<OpeningOptions> = {}) {
    const { start = 0 } = options;
    this.mirrors = Array.from({ length: count }, (_, index) => new Mirror(`http://${index}.test/`));
    this.#probes = this.mirrors.map((mirror) =>
      this.#requests.open({ mirror, kind: "probe", start, end: start + PROBE }, 0)
    );
    this.outstanding = new Set(this.mirrors.keys());
    this.opening = new Opening(this.mirrors, { ...options, start });
  }

  /** A mirror answers, and its first bytes come. */
  answer(index: number, answer: Answer, digest?: string, page?: Page): readonly OpeningStep[] {
    const request = this.#probes[index]!;
    const { mirror } = request;
    if (mirror.answerMs === undefined) request.answered(answer, this.now);
    this.outstanding.delete(index);
    const first = { mirror, request, answer, size: answer.size, digest, page };
    return this.handle({ type: "answered", answer: first });
  }

  fail(index: number): readonly OpeningStep[] {
    this.outstanding.delete(index);
    const { id } = this.#probes[index]!;
    const probe = this.#requests.get(id);
    if (probe !== undefined) this.#requests.close(probe, false, this.now);
    return this.handle({ type: "failed", mirror: this.mirrors[index]! });
  }

  handle(event: OpeningEvent): readonly OpeningStep[] {
    const steps = this.opening.handle(event, this.outstanding.size, this.now);
    for (const step of steps) {
      if (step.type === "measure") this.outstanding.add(this.mirrors.indexOf(step.mirror));
    }
    return steps;
  }
}

export type Event = (scene: Scene) => readonly OpeningStep[];

/** A mirror sends the first bytes of a file of `size` bytes, with this digest. */
export function part(index: number, size?: number, digest?: string): Event {
  return (scene) => scene.answer(index, { type: "partial", start: 0, end: PROBE, size }, digest);
}

/** A mirror sends the first bytes of a web page, where a name promised another file. */
export function page(index: number, size: number, digest?: string, promised?: string): Event {
  const answer = { type: "partial", start: 0, end: PROBE, size } as const;
  const sent = { kind: "html", title: "Sign in", promised } as const;
  return (scene) => scene.answer(index, answer, digest, sent);
}

/** A mirror sends a short text, where a name promised another file. */
export function errorText(index: number, size: number, digest?: string): Event {
  const answer = { type: "whole", size } as const;
  const sent = { kind: "json", title: '{"error":1}', promised: "film.mkv" } as const;
  return (scene) => scene.answer(index, answer, digest, sent);
}

/** A mirror has the bytes that are known. */
export function same(index: number): Event {
  return (scene) => scene.handle({ type: "same", mirror: scene.mirrors[index]! });
}

/** A mirror has other bytes than those that are known. */
export function differs(index: number): Event {
  return (scene) => {
    const mirror = scene.mirrors[index]!;
    const facts = { phase: "body", reason: "mismatch", retryable: false } as const;
    const error = new MirrorError("differs", { mirror: mirror.url, ...facts });
    return scene.handle({ type: "differs", mirror, error, at: 7 });
  };
}

/** A mirror is dropped for what it has sent since its answer. */
export function drops(index: number): Event {
  return (scene) => {
    const mirror = scene.mirrors[index]!;
    const facts = { phase: "body", reason: "mismatch", retryable: false } as const;
    mirror.drop(new MirrorError("has another file", { mirror: mirror.url, ...facts }));
    return scene.handle({ type: "waited" });
  };
}

/** A mirror sends the whole file. */
export function whole(index: number, size?: number, digest?: string): Event {
  return (scene) => scene.answer(index, { type: "whole", size }, digest);
}

export function outside(index: number, size: number): Event {
  return (scene) => scene.answer(index, { type: "unsatisfiable", size });
}

export function fails(index: number): Event {
  return (scene) => scene.fail(index);
}

/** The probe of a mirror fails, and is repeated later. */
export function retries(index: number): Event {
  return (scene) => {
    const mirror = scene.mirrors[index]!;
    const facts = { phase: "headers", reason: "status", retryable: true } as const;
    mirror.wait(Infinity, new MirrorError("responded with 503", { mirror: mirror.url, ...facts }));
    return scene.fail(index);
  };
}

/** Time passes. */
export function waited(until: number): Event {
  return (scene) => {
    scene.now = until;
    return scene.handle({ type: "waited" });
  };
}

/** An earlier download knows that some mirrors have the file. */
export function known(mirrors: readonly number[], size: number, digest?: string): Event {
  return (scene) => {
    for (const index of mirrors) scene.outstanding.delete(index);
    const urls = mirrors.map((index) => scene.mirrors[index]?.url ?? "http://other.test/");
    return scene.handle({ type: "known", file: { size, digest, mirrors: urls } });
  };
}

function name({ url }: Mirror): string {
  return url[7]!;
}

/** A state in short. */
export function stateText(state: OpeningState): string {
  if (state.type === "speculating") return `speculating on ${name(state.leader.mirror)}`;
  if (state.type === "open") return `open ${state.file.size} ${state.file.digest}`;
  return state.type;
}

/** A step in short. */
export function stepText(step: OpeningStep): string {
  switch (step.type) {
    case "trust":
      return `trust ${name(step.mirror)} of ${step.size}`;
    case "accept":
      return `accept ${name(step.request.mirror)}`;
    case "discard":
      return "discard";
    case "measure":
      return `measure ${name(step.mirror)}`;
    case "compare":
      return `compare ${name(step.mirror)}`;
    case "note":
      return "note";
    case "reject":
      return `reject ${name(step.mirror)}`;
    case "open":
      return `open ${step.size} ${step.mode} from ${name(step.mirror)}`;
    case "admit":
      return `admit ${step.admissions.map((one) => name(one.mirror) + one.service[0]).join(" ")}`;
    case "fail":
      return `fail ${step.error.name}`;
  }
}

/** What each event leads to: a state, and steps. */
export type Transition = readonly [event: Event, state: string, ...steps: readonly string[]];

/** Asserts that a scene of `count` mirrors goes through these transitions. */
export function assertTransitions(
  title: string,
  count: number,
  transitions: readonly Transition[],
  options: Partial<OpeningOptions> = {},
): void {
  Deno.test(`Opening: ${title}`, () => {
    const scene = new Scene(count, options);
    scene.now = 10;
    for (const [index, [event, state, ...steps]] of transitions.entries()) {
      const taken = event(scene).map(stepText);
      const actual = [stateText(scene.opening.state), ...taken];
      assertEquals(actual, [state, ...steps], `event ${index}`);
    }
  });
}
