import { LONG_PATIENCE, PATIENCE } from "./patience.ts";
import { testKinds, testTogether } from "./run_kind.ts";

testKinds(PATIENCE);
testTogether(LONG_PATIENCE);
