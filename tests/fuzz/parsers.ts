/**
 * Every parser of text from outside.
 *
 * @module
 */

import { ARGUMENT_PARSERS } from "./argument_parsers.ts";
import { COMMAND_PARSERS } from "./command_parsers.ts";
import { HTTP_PARSERS } from "./http_parsers.ts";
import type { Parser } from "./parser.ts";
import { PROOF_PARSERS } from "./proof_parsers.ts";
import { PROXY_PARSERS } from "./proxy_parsers.ts";

export const PARSERS: readonly Parser[] = [
  ...HTTP_PARSERS,
  ...ARGUMENT_PARSERS,
  ...COMMAND_PARSERS,
  ...PROOF_PARSERS,
  ...PROXY_PARSERS,
];
