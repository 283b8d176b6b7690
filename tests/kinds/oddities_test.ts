import { ODDITIES } from "./oddities.ts";
import { testKinds } from "./run_kind.ts";

testKinds(ODDITIES);
