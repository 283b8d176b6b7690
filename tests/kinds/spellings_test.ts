import { SPELLINGS } from "./spellings.ts";
import { testKinds } from "./run_kind.ts";

testKinds(SPELLINGS);
