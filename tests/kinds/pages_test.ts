import { PAGES } from "./pages.ts";
import { testKinds } from "./run_kind.ts";

testKinds(PAGES);
