/**
 * Reports of tests in the format of JUnit, as `deno test` writes them.
 *
 * @module
 */

/** A test that failed. */
export interface FailedTest {
  readonly name: string;
  /** The path of the module that registers it. */
  readonly file: string;
}

/** Reports whether a module is a file of tests. */
export function isTestFile(path: string): boolean {
  return path.endsWith("_test.ts");
}

/** The tests of a JUnit report, without steps. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: readonly FailedTest[];
  /** Names of the tests that did not run. */
  readonly skipped: readonly string[];
}

/** Counts the tests of a JUnit report as `deno test` writes it. */
export function readReport(xml: string): TestCounts {
  const seen = new Set<string>();
  /** Names of tests that another module registers than the one that has their steps. */
  const elsewhere = new Set<string>();
  const skipped: string[] = [];
  const failed: FailedTest[] = [];
  for (
    const [, rawName, rawFile, end, content] of xml.matchAll(
      /<testcase name="([^"]*)" classname="([^"]*)"[^>]*?(\/>|>([\s\S]*?)<\/testcase>)/g,
    )
  ) {
    const [name, file] = [unescapeXml(rawName!), unescapeXml(rawFile!)];
    // A step follows its test, whose name precedes its own.
    const names = name.split(" > ").map((_, i, parts) => parts.slice(0, i + 1).join(" > "));
    const isStepOf = (test: string) => seen.has(`${file} ${test}`) || elsewhere.has(test);
    if (names.slice(0, -1).some(isStepOf)) continue;
    seen.add(`${file} ${name}`);
    if (!isTestFile(file)) elsewhere.add(name);
    if (end === "/>") continue;
    if (content!.includes("<skipped")) skipped.push(name);
    else if (/<(failure|error)\b/.test(content!)) failed.push({ name, file });
  }
  return { passed: seen.size - failed.length - skipped.length, failed, skipped };
}

function unescapeXml(text: string): string {
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    return named[name] ?? whole;
  });
}
