import { assertEquals, assertRejects } from "@std/assert";
import { keepDescriptors, openSparing } from "../../../lib/cli/part/spare_descriptors.ts";

/** Opens nothing until `failing` tries have failed for lack of descriptors. */
function scarce(failing: number) {
  let tries = 0;
  const open = () => {
    const lack = Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
    return ++tries > failing ? Promise.resolve("open") : Promise.reject(lack);
  };
  return { open, tries: () => tries };
}

Deno.test({
  name: "openSparing() gives up descriptors that are kept, one for each file",
  ignore: Deno.build.os === "windows",
  async fn() {
    using _kept = keepDescriptors();
    for (const failing of [0, 1, 3]) {
      const { open, tries } = scarce(failing);
      assertEquals([await openSparing(open), tries()], ["open", failing + 1]);
    }
    await assertRejects(() => openSparing(scarce(4).open), Error, "Too many open files");
  },
});

Deno.test("openSparing(): without any, or for another reason, a file is not opened", async () => {
  await assertRejects(() => openSparing(scarce(1).open), Error, "Too many open files");
  using _kept = keepDescriptors();
  let tries = 0;
  const open = () => Promise.reject(new Error(`try ${++tries}`));
  await assertRejects(() => openSparing(open), Error, "try 1");
});
