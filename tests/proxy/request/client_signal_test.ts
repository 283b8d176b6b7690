import { assert, assertEquals } from "@std/assert";
import { ClientSignal, suppressAbortWarning } from "../../../lib/proxy/request/client_signal.ts";

Deno.test("ClientSignal follows a request until there is a response, and one that was aborted before", () => {
  const left = new AbortController();
  const request = new Request("http://proxy.test/", { signal: left.signal });
  const followed = new ClientSignal(request);
  {
    using answered = new ClientSignal(request);
    assert(!answered.signal.aborted);
    answered[Symbol.dispose]();
    left.abort("gone");
    assert(!answered.signal.aborted);
  }
  assertEquals([followed.signal.aborted, followed.signal.reason], [true, "gone"]);
  using late = new ClientSignal(new Request("http://proxy.test/", { signal: left.signal }));
  assert(late.signal.aborted);
});

Deno.test("suppressAbortWarning() hides one warning, and no other", () => {
  const { warn } = console;
  const shown: unknown[][] = [];
  try {
    console.warn = (...data: unknown[]) => void shown.push(data);
    suppressAbortWarning();
    console.warn("Deno.serve: request.signal aborts on successful responses (legacy)");
    console.warn("another", 1);
  } finally {
    console.warn = warn;
  }
  assertEquals(shown, [["another", 1]]);
});
