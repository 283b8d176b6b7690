import { assertEquals } from "@std/assert";
import { diagnoseProxy } from "../../../lib/cli/failure/diagnosis.ts";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { freePort } from "../../support/lab/free_port.ts";

Deno.test("diagnoseProxy() tells a proxy whose name is unknown from one that does not listen", async () => {
  assertEquals(await diagnoseProxy(`http://127.0.0.1:${freePort()}`), ExitCode.CONNECT);
  assertEquals(await diagnoseProxy("http://nosuch.invalid:8080"), ExitCode.PROXY);
});
