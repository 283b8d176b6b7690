import { ENCODINGS } from "./encodings.ts";
import { testKinds } from "./run_kind.ts";

testKinds(ENCODINGS);
