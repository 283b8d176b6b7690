import { PARTS } from "./parts.ts";
import { testKinds } from "./run_kind.ts";

testKinds(PARTS);
