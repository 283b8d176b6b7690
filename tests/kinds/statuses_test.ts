import { STATUS_FOR_RANGE } from "./statuses.ts";
import { testKinds } from "./run_kind.ts";

testKinds(STATUS_FOR_RANGE);
