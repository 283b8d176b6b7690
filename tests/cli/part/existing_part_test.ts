import { assertEquals, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { sha256Of } from "../../../lib/hashing/platform_hash.ts";
import { randomContent } from "../../support/lab/content.ts";
import { facts, leave, open, partWorkplace, refuse } from "../../support/cli/part_workplace.ts";

const BYTES = randomContent(300_000).read(0, 300_000);

Deno.test("ExistingPart.verify() finds bytes that are not those that were received", async () => {
  using place = partWorkplace();
  await leave(place, BYTES, { ...facts(400_000), start: 7 });
  {
    using part = await open(place, { resume: true });
    await part.existing.verify({ start: 7 });
    const pieces = await part.existing.digestsToCompare({ start: 7 });
    assertEquals([pieces[0]!.start, pieces.at(-1)!.end], [7, 300_007]);
    for (const { start, end, sha256 } of pieces) {
      assertEquals(sha256, await sha256Of(BYTES.slice(start - 7, end - 7)));
    }
  }
  for (const position of [0, 1000, 150_000, BYTES.byteLength - 1]) {
    const changed = BYTES.slice();
    changed[position]! ^= 1;
    Deno.writeFileSync(place.part, changed);
    using part = await open(place, { resume: true });
    const message = await refuse(part.existing.verify({ start: 7 }), ExitCode.RESUME);
    assertStringIncludes(message, "f.part differs from its record behind byte 0");
  }
});

Deno.test("ExistingPart.keepProved() tells how much of its two readings is done", async () => {
  using place = partWorkplace();
  await leave(place, BYTES, { ...facts(300_000), start: 0 });
  using part = await open(place, { resume: true });
  const length = 100_000;
  const digests = await Promise.all(
    [0, 1, 2].map((index) => sha256Of(BYTES.slice(index * length, (index + 1) * length))),
  );
  const pieces = { algorithm: "sha-256", length, digests } as const;
  const shares: number[] = [];
  await part.existing.keepProved({ start: 0 }, pieces, (share) => shares.push(share));
  assertEquals(part.existing.length, BYTES.byteLength);
  assertEquals(shares, shares.toSorted((one, other) => one - other));
  assertEquals(shares.filter((share) => share <= 0.5), [1 / 6, 1 / 3, 1 / 2]);
  assertEquals([shares.length > 4, shares.at(-1)], [true, 1]);
});

Deno.test("ExistingPart.read() says that another program has truncated the file", async () => {
  using place = partWorkplace();
  await leave(place, BYTES, { ...facts(400_000), start: 0 });
  using part = await open(place, { resume: true });
  Deno.truncateSync(place.part, 1000);
  const message = await refuse(Array.fromAsync(part.existing.read(0)), ExitCode.RESUME);
  assertStringIncludes(message, "f.part was truncated by another program");
});
