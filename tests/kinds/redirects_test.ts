import { REDIRECTS } from "./redirects.ts";
import { testKinds } from "./run_kind.ts";

testKinds(REDIRECTS);
