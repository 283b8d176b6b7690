import { HEADS } from "./heads.ts";
import { testKinds } from "./run_kind.ts";

testKinds(HEADS);
