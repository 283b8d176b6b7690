/**
 * The table of all kinds of servers.
 *
 * @module
 */

import { ENCODINGS } from "./encodings.ts";
import { BROKEN } from "./broken.ts";
import { HEADS } from "./heads.ts";
import { CHANGES, IDENTITY } from "./identity.ts";
import type { Kind } from "./kind.ts";
import { LENGTHS } from "./lengths.ts";
import { LIMITS } from "./limits.ts";
import { ODDITIES } from "./oddities.ts";
import { PAGES } from "./pages.ts";
import { PARTS } from "./parts.ts";
import { LONG_PATIENCE, PATIENCE } from "./patience.ts";
import { REDIRECTS } from "./redirects.ts";
import { SERVICES } from "./services.ts";
import { SPELLINGS } from "./spellings.ts";
import { STATUS_FOR_RANGE } from "./statuses.ts";
import { TOTALS } from "./totals.ts";

export const KINDS: readonly Kind[] = [
  ...IDENTITY,
  ...CHANGES,
  ...STATUS_FOR_RANGE,
  ...PARTS,
  ...TOTALS,
  ...SERVICES,
  ...SPELLINGS,
  ...LIMITS,
  ...LENGTHS,
  ...ENCODINGS,
  ...PAGES,
  ...REDIRECTS,
  ...HEADS,
  ...BROKEN,
  ...ODDITIES,
  ...PATIENCE,
  ...LONG_PATIENCE,
];
