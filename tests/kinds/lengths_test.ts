import { LENGTHS } from "./lengths.ts";
import { testKinds } from "./run_kind.ts";

testKinds(LENGTHS);
