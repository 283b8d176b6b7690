import { assertEquals } from "@std/assert";
import { diagnoseProxy } from "../../../lib/cli/failure/diagnosis.ts";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";

Deno.test("diagnoseProxy() tells a proxy whose name is unknown from one that does not listen", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  assertEquals(await diagnoseProxy(`http://127.0.0.1:${port}`), ExitCode.CONNECT);
  assertEquals(await diagnoseProxy("http://nosuch.invalid:8080"), ExitCode.PROXY);
});
