import { PATIENCE } from "./patience.ts";
import { testKinds } from "./run_kind.ts";

testKinds(PATIENCE);
