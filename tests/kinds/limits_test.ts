import { LIMITS } from "./limits.ts";
import { testKinds } from "./run_kind.ts";

testKinds(LIMITS);
