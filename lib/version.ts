/** The version of sphttp, as in `deno.json` (a test holds them to each other). */
export const VERSION = "0.1.0";
