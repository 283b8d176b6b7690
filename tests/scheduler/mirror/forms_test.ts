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

Deno.test("Forms.avoid(): forms that earlier downloads were refused are tried last", () => {
  const forms = new Forms();
  forms.avoid(new Set(["bounded", "open"]));
  assertEquals([forms.current, forms.takes("open"), forms.takes("plain")], ["plain", false, true]);
  assertEquals([forms.refuse("plain"), forms.current, forms.takes("open")], [
    true,
    "bounded",
    false,
  ]);
  assertEquals([forms.refuse("bounded"), forms.current], [true, "open"]);
  assertEquals([forms.refuse("open"), forms.takes("open")], [false, false]);
});

Deno.test("Forms.refusedBefore() returns what was refused before another form was answered, once", () => {
  const forms = new Forms();
  assertEquals(forms.refusedBefore("bounded"), []);
  forms.refuse("bounded");
  // Another request was under way.
  assertEquals(forms.refusedBefore("bounded"), []);
  assertEquals(forms.refusedBefore("open"), ["bounded"]);
  assertEquals(forms.refusedBefore("open"), []);
  forms.refuse("open");
  assertEquals(forms.refusedBefore("plain"), ["open"]);
});
