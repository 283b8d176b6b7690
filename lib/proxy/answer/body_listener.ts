/**
 * Who is told what becomes of the body of an answer.
 *
 * @module
 */

/** How a delivery ended. */
export type DeliveryOutcome = "complete" | "failed" | "cancelled";

/** Told of the body of an answer. */
export interface BodyListener {
  /** The client took so many bytes more. */
  readonly sent: (bytes: number) => void;
  /** The body has ended; what is told after the first time does not count. */
  readonly ended: (outcome: DeliveryOutcome) => void;
}
