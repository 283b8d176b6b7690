import { assertEquals } from "@std/assert";
import { readReport } from "./test_report.ts";

Deno.test("readReport() counts tests without their steps, and unescapes names", () => {
  const report = `<testsuites><testsuite name="a">
    <testcase name="a &gt; b" classname="a_test.ts" time="0.1" line="1" col="1">
    </testcase>
    <testcase name="c &quot;d&quot; (missing: curl, wget)" classname="a_test.ts" time="0.1">
      <skipped/>
    </testcase>
    <testcase name="e" classname="a_test.ts"><failure message="x &gt; y">&lt;skipped</failure></testcase>
    <testcase name="e &gt; step" classname="a_test.ts"><failure message="x">x</failure></testcase>
    <testcase name="e &gt; step &gt; inner" classname="a_test.ts"/>
    <testcase name="e &gt; step" classname="b_test.ts"/>
    <testcase name="f" classname="./tests/support/programs/programs.ts"/>
    <testcase name="f &gt; step" classname="f_test.ts"><failure message="x">x</failure></testcase>
  </testsuite></testsuites>`;
  assertEquals(readReport(report), {
    passed: 3,
    failed: [{ name: "e", file: "a_test.ts" }],
    skipped: ['c "d" (missing: curl, wget)'],
  });
});
