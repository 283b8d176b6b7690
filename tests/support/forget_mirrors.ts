/**
 * Lets each test begin without what downloads of other tests have learned: a server may have the port of an earlier
 * one, but behave in another way.
 *
 * @module
 */

import { forgetMirrors } from "../../lib/engine/memory/shared.ts";

Deno.test.beforeEach(forgetMirrors);
