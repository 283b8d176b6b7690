/**
 * Numbers as the page shows them: decimal units, three digits.
 *
 * @module
 */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Formats a number of bytes with three digits: "950 B", "3.20 MB". */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** Formats a round number of bytes without trailing zeros: "1 MB", "0.5 kB". */
export function formatRoundBytes(bytes: number): string {
  return formatBytes(bytes).replace(/\.0+ /, " ");
}

/** Formats a rate: "26.0 MB/s". */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** Formats a duration: "4.2 s", "1:05 min", "2:00:09 h". */
export function formatDuration(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const twoDigits = (number: number) => String(Math.floor(number)).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${twoDigits(seconds % 60)} min`;
  return `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)}:${twoDigits(seconds % 60)} h`;
}

/** Formats a share from 0 to 1: "63 %". */
export function formatShare(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** Returns the smallest of 1, 2, 4, 6, 8 and 10 times a power of ten that is not below `value`. */
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8].map((factor) => factor * power).find((round) => round >= value) ??
    10 * power;
}
