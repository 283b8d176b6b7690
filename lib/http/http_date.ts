/**
 * HTTP dates, and `Retry-After`, which may be one. Every form is in GMT: no zone, or another name of
 * it, never means local time, as it does to `Date.parse`. Follows RFC 9110 sections 5.6.7 and 10.2.3.
 *
 * @module
 */

/** The three forms of section 5.6.7: IMF-fixdate, and the obsolete ones of RFC 850 and asctime. */
const FORMS = [
  /^[a-z]{3}, (?<day>\d\d) (?<month>[a-z]{3}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/i,
  /^[a-z]{6,9}, (?<day>\d\d)-(?<month>[a-z]{3})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/i,
  /^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/i,
];

/** What servers make of them: no weekday, one-digit numbers, other names of GMT, or none. */
const LENIENT_FORMS = [
  /^(?:[a-z]{3,9},? +)?(?<day>\d{1,2})[ -](?<month>[a-z]{3})[ -](?<year>\d{4}|\d\d) +(?<time>\d{1,2}:\d\d:\d\d)(?: *(?:GMT|UTC?|Z|[+-]00:?00))?$/i,
  /^(?:[a-z]{3,9},? +)?(?<month>[a-z]{3}) +(?<day>\d{1,2}) +(?<time>\d{1,2}:\d\d:\d\d)(?: (?:GMT|UTC))? (?<year>\d{4})(?: (?:GMT|UTC))?$/i,
];

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DAY_MS = 86_400_000;
/** The calendar repeats after this many days: 400 years. */
const CYCLE_DAYS = 146_097;
const FIFTY_YEARS_MS = (CYCLE_DAYS / 8) * DAY_MS;

/**
 * Parses a valid HTTP date; returns milliseconds since 1970, or `undefined`.
 *
 * @param nowMs the time, in milliseconds since 1970: two digits of a year are those of the latest
 * year that is not more than 50 years ahead
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  return parse(FORMS, text, nowMs);
}

/** Parses an HTTP date as {@linkcode parseHttpDate} does, but also what servers send instead of one. */
export function parseHttpDateLeniently(text: string, nowMs: number): number | undefined {
  return parse([...FORMS, ...LENIENT_FORMS], text, nowMs);
}

/**
 * Parses a `Retry-After`, seconds or a date; returns milliseconds from `nowMs` on (milliseconds since
 * 1970), or `undefined`.
 */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = parseHttpDateLeniently(text, nowMs);
  return date === undefined ? undefined : Math.max(0, date - nowMs);
}

function parse(forms: readonly RegExp[], text: string, nowMs: number): number | undefined {
  const trimmed = text.trim();
  for (const form of forms) {
    const fields = form.exec(trimmed)?.groups;
    if (fields === undefined) continue;
    const day = Number(fields.day);
    const month = MONTHS.indexOf(fields.month!.toLowerCase());
    const [hour, minute, second] = fields.time!.split(":").map(Number);
    // A leap second is valid.
    if (month < 0 || hour! > 23 || minute! > 59 || second! > 60) return undefined;
    const time = (hour! * 3600 + minute! * 60 + second!) * 1000;
    let year = Number(fields.year);
    if (fields.year!.length === 2) {
      while (utc(year + 100, month, day) + time <= nowMs + FIFTY_YEARS_MS) year += 100;
    }
    const start = utc(year, month, day);
    // A day that the month does not have gives one of the next month.
    return day > 0 && start < utc(year, month + 1, 1) ? start + time : undefined;
  }
  return undefined;
}

/** Returns the start of a day, in milliseconds since 1970; `Date.UTC` takes the year 94 for 1994. */
function utc(year: number, month: number, day: number): number {
  return Date.UTC(year + 400, month, day) - CYCLE_DAYS * DAY_MS;
}
