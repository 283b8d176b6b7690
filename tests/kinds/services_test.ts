import { testKinds } from "./run_kind.ts";
import { SERVICES } from "./services.ts";

testKinds(SERVICES);
