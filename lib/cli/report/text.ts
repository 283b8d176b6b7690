/**
 * Formats sizes, rates and times for people.
 *
 * Units are decimal, 1 MB is 10^6 bytes, unless a command has chosen others. `@std/fmt` has another number of
 * digits in a size ("1.23 MB", then "12.3 MB") and no clock times, so that columns would jump.
 *
 * @module
 */

/** Units of sizes: decimal (`MB`), or binary (`MiB`). */
export type Units = "si" | "iec";

const UNITS: Readonly<Record<Units, { readonly base: number; readonly names: readonly string[] }>> =
  {
    si: { base: 1000, names: ["B", "kB", "MB", "GB", "TB", "PB"] },
    iec: { base: 1024, names: ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] },
  };

/** Those of this process. */
let units: Units = "si";

/** Chooses the units of sizes and rates, for all that the process shows from now on. */
export function useUnits(chosen: Units): void {
  units = chosen;
}

/** Returns the number of columns of the longest rate below 1024 PB per second. */
export function rateWidth(): number {
  return units === "si" ? "999.9 MB/s".length : "1023.9 MiB/s".length;
}

/** Formats a size: `999 B`, `12.3 MB`. */
export function formatBytes(bytes: number): string {
  const unit = unitFor(bytes);
  return `${inUnit(bytes, unit)} ${UNITS[units].names[unit]}`;
}

/** Formats a part of a size in the unit of the whole: `1.2/64.0 MB`. */
export function formatFraction(bytes: number, ofBytes: number): string {
  const unit = unitFor(ofBytes);
  return `${inUnit(bytes, unit)}/${inUnit(ofBytes, unit)} ${UNITS[units].names[unit]}`;
}

/** Formats a rate: `24.6 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** Formats elapsed time: `34 ms`, `2.6 s`, `42 s`, `3:05 min`, `1:02:03 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : formatTime(seconds);
}

/** Formats remaining time in whole seconds: `2 s`, `3:05 min`, `1:02:03 h`. */
export function formatTime(seconds: number): string {
  const whole = Math.round(seconds);
  if (!(whole < 360_000)) return "> 99 h";
  if (whole < 60) return `${whole} s`;
  const pad = (value: number) => String(Math.floor(value)).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}:${pad(whole % 60)} min`;
  return `${Math.floor(whole / 3600)}:${pad(whole % 3600 / 60)}:${pad(whole % 60)} h`;
}

/** Formats a share from 0 to 1 in whole percent, rounded down: 100 % means complete. */
export function formatPercent(share: number): string {
  return `${Math.floor(Math.min(1, Math.max(0, share)) * 100 + 1e-9)} %`;
}

/** Returns the index of the largest unit in which the size, rounded to one decimal, is at least 1. */
function unitFor(bytes: number): number {
  const { base, names } = UNITS[units];
  let unit = 0;
  const next = () => base - (unit === 0 ? 0.5 : 0.05);
  while (unit < names.length - 1 && bytes / base ** unit >= next()) unit++;
  return unit;
}

function inUnit(bytes: number, unit: number): string {
  return (bytes / UNITS[units].base ** unit).toFixed(unit === 0 ? 0 : 1);
}
