import { assertEquals } from "@std/assert";
import { Forms } from "../../../lib/scheduler/mirror/forms.ts";

Deno.test("Forms.current is the first form that was not refused; there is none after the last", () => {
  const forms = new Forms();
  assertEquals(forms.current, "bounded");
  assertEquals([forms.refuse("open"), forms.current], [true, "bounded"]);
  assertEquals([forms.refuse("bounded"), forms.current], [true, "plain"]);
  assertEquals([forms.refuse("plain"), forms.current], [false, "plain"]);
  assertEquals([forms.takes("bounded"), forms.takes("open"), forms.takes("plain")], [
    false,
    false,
    true,
  ]);
});

Deno.test("Forms.hasServed(): a form that was refused may have delivered before", () => {
  const forms = new Forms();
  forms.served("open");
  forms.refuse("open");
  assertEquals([forms.hasServed("open"), forms.hasServed("bounded")], [true, false]);
});
