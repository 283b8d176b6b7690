/**
 * What the links of the TCP model carry, for an MTU of 1500 bytes.
 *
 * @module
 */

/** Payload of a full segment, in bytes. */
export const SEGMENT_BYTES = 1448;
/** Headers of each packet: IP, and TCP with timestamps. */
export const HEADER_BYTES = 52;

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
