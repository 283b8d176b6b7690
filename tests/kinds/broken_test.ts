import { BROKEN } from "./broken.ts";
import { testKinds } from "./run_kind.ts";

testKinds(BROKEN);
