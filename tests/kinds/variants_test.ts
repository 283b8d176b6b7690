import { testKinds } from "./run_kind.ts";
import { VARIANTS } from "./variants.ts";

testKinds(VARIANTS);
