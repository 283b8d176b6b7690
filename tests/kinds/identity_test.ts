import { CHANGES, IDENTITY } from "./identity.ts";
import { testKinds } from "./run_kind.ts";

testKinds(IDENTITY);
testKinds(CHANGES);
