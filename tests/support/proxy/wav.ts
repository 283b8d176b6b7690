/**
 * Sound for tests of what plays it.
 *
 * @module
 */

/** A tone in PCM: 8 bits, mono, 8000 samples a second. */
export function makeWav(seconds: number): Uint8Array<ArrayBuffer> {
  const samples = 8000 * seconds;
  const bytes = new Uint8Array(44 + samples);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string) => bytes.set(new TextEncoder().encode(word), at);
  text(0, "RIFF");
  view.setUint32(4, 36 + samples, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, 8000, true);
  view.setUint32(28, 8000, true);
  view.setUint16(32, 1, true);
  view.setUint16(34, 8, true);
  text(36, "data");
  view.setUint32(40, samples, true);
  for (let index = 0; index < samples; index++) {
    bytes[44 + index] = 128 + Math.round(40 * Math.sin(index / 3));
  }
  return bytes;
}
