import { testKinds } from "./run_kind.ts";
import { TOTALS } from "./totals.ts";

testKinds(TOTALS);
