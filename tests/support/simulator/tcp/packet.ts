/**
 * What the links of the TCP model carry.
 *
 * @module
 */

/** Headers of each packet: IP, and TCP with timestamps. */
export const HEADER_BYTES = 52;
/** Length of the largest packets by default. */
export const USUAL_MTU = 1500;

/** The receiving end of a connection. */
export interface PacketSink {
  /** A segment has arrived. */
  arrived(segment: number): void;
}

/** A packet on its way to the client. */
export interface Packet {
  readonly to: PacketSink;
  readonly segment: number;
  /** Payload; the headers come on top. */
  readonly bytes: number;
}
