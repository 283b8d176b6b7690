import { assert, assertEquals } from "@std/assert";
import { makeLink, withMock } from "../../support/proxy/mock_proxy.ts";
import { testWith } from "../../support/programs/programs.ts";

testWith(["chromium"], "page: makes, copies, stores and checks links", async (t) => {
  await withMock(async (page, proxy) => {
    const urls = page.getByLabel("Mirror URLs, one per line");
    const wrong = page.getByRole("alert");

    await t.step("wrong lines are shown", async () => {
      await page.getByRole("button", { name: "Create link" }).click();
      assertEquals(await wrong.textContent(), "Enter at least one mirror URL.");
      await urls.fill("https://a.example/f\n\nftp://b.example/f\nhttps://");
      await page.getByRole("button", { name: "Create link" }).click();
      assertEquals(await wrong.getByRole("listitem").allTextContents(), [
        "Line 3 is not an http:// or https:// URL: “ftp://b.example/f”",
        "Line 4 is not an http:// or https:// URL: “https://”",
      ]);
      assertEquals(await urls.getAttribute("aria-invalid"), "true");
      assertEquals(await page.evaluate("getSelection().toString()"), "ftp://b.example/f");
      assertEquals(await page.locator("#result").isVisible(), false);
      await urls.fill("https://a.example/f");
      assertEquals(await wrong.textContent(), "");
    });

    const film = "https://a.example/it's%20a,b.wav?x=1&y=2";
    const query = "url=https%3A%2F%2Fa.example%2Fit%27s%2520a%2Cb.wav%3Fx%3D1%26y%3D2" +
      "&url=http%3A%2F%2Fb.example%2Ff";
    const link = `${proxy.origin}/proxy/it%27s%20a%2Cb.wav?${query}`;
    await t.step("the form builds the link", async () => {
      assertEquals(await makeLink(page, film, "", `  ${film}`, "http://b.example/f "), link);
      const commands = await page.locator(".commands code").allTextContents();
      assertEquals(commands, [
        `mpv '${link}'`,
        `vlc '${link}'`,
        `curl -fo 'it'\\''s a,b.wav' '${link}'`,
      ]);
      // The proxy has answered by then.
      await page.getByText("Waiting").waitFor();
      assert(proxy.asked.includes(`GET /live?${query}`), proxy.asked.join("\n"));
    });

    await t.step("a wrong line removes the link of the lines before", async () => {
      await page.locator("#announcer").getByText("The link is ready.").waitFor();
      await urls.fill("https://a.example/f\nftp://b.example/f");
      await page.getByRole("button", { name: "Create link" }).click();
      await page.getByText("Line 2 is not").waitFor();
      await page.locator("#announcer:empty").waitFor({ state: "attached" });
      assertEquals(await page.locator("#result").isVisible(), false);
      assertEquals(await page.locator("#live").isVisible(), false);
      await makeLink(page, "https://a.example/f");
      await page.getByText("Waiting").waitFor();
    });

    await t.step("options go into the link", async () => {
      await page.getByText("Options").click();
      await page.getByLabel("Sharing of the work").selectOption("Diff");
      await page.getByLabel("Save as a file").check();
      const plain = `${proxy.origin}/proxy/f?url=https%3A%2F%2Fa.example%2Ff`;
      const all = `${plain}&delay_req_algo=DIFF&download=1`;
      assertEquals(await makeLink(page, "https://a.example/f"), all);
      await page.getByLabel("Sharing of the work").selectOption("Adaptive (default)");
      await page.getByLabel("Save as a file").uncheck();
      assertEquals(await makeLink(page, "https://a.example/f"), plain);
    });

    await t.step(
      "link and commands can be copied, with and without a clipboard",
      async () => {
        const pasted = () => page.evaluate("navigator.clipboard.readText()");
        await makeLink(page, film, "http://b.example/f");
        await page.getByRole("button", { name: "Copy the link" }).click();
        await page.getByText("Copied.").waitFor();
        assertEquals(await pasted(), link);
        await page.evaluate(
          "Object.defineProperty(navigator, 'clipboard', " +
            "{ value: undefined, configurable: true })",
        );
        const button = page.getByRole("button", { name: "Copy the mpv command" });
        await button.click();
        await button.getByText("Copied").waitFor();
        await page.evaluate("delete navigator.clipboard");
        assertEquals(await pasted(), `mpv '${link}'`);
        assertEquals(await page.evaluate("document.activeElement.dataset.copies"), "mpv");
      },
    );

    await t.step("URLs are stored unless they contain a secret", async () => {
      await page.reload();
      assertEquals(await urls.inputValue(), `${film}\nhttp://b.example/f`);
      for (const secret of ["https://me:pw@c.example/f", "https://c.example/f?X-Amz-Signature=1"]) {
        await makeLink(page, secret);
        assert(await page.getByText("share it with care").isVisible());
        assertEquals(
          await page.evaluate("JSON.stringify(localStorage)"),
          JSON.stringify({
            "sphttp.urls": `${film}\nhttp://b.example/f`,
          }),
        );
      }
      await page.getByRole("button", { name: "Clear" }).click();
      assertEquals(await page.evaluate("localStorage.length"), 0);
      assertEquals(await urls.inputValue(), "");
    });

    await t.step("Check shows the facts of the file", async () => {
      await makeLink(page, "https://a.example/table");
      await page.getByRole("button", { name: "Check" }).click();
      await page.getByText("64.0 MB (64,000,000 bytes)").waitFor();
      assert(await page.getByText("text/csv").isVisible());
      const download = page.getByRole("link", { name: "Download" });
      assertEquals(
        await download.getAttribute("href"),
        `${proxy.origin}/proxy/table?url=https%3A%2F%2Fa.example%2Ftable`,
      );
      assertEquals(await page.getByRole("button", { name: "Play here" }).isVisible(), false);
    });

    await t.step("Check shows the answer of each mirror", async () => {
      await makeLink(page, "https://a.example/table", "https://b.example/dead?x=1");
      await page.getByRole("button", { name: "Check" }).click();
      const answers = page.getByLabel("Answers of the mirrors").getByRole("listitem");
      await answers.first().waitFor();
      assertEquals(await answers.allTextContents(), [
        "https://a.example/table: 64.0 MB, text/csv",
        "https://b.example/dead: responded with status 404",
      ]);
    });

    await t.step("Check shows the failure of each mirror", async () => {
      await makeLink(page, "https://a.example/broken");
      await page.getByRole("button", { name: "Check" }).click();
      await page.getByText("Bad Gateway: no mirror answered").waitFor();
      assert(
        await page.getByText("https://a.example/broken: responded with status 404").isVisible(),
      );
    });

    await t.step("a dead link says what is wrong when it is played", async () => {
      await makeLink(page, "https://a.example/broken.wav");
      await page.getByRole("button", { name: "Play here" }).click();
      // Screen readers hear it, too, from another element.
      const result = page.getByRole("region", { name: "Your link" });
      await result.getByText("Bad Gateway: no mirror answered").waitFor();
      assert(await result.getByText("responded with status 404").isVisible());
    });

    await t.step("Play here plays, and seeks by ranges", async () => {
      await makeLink(page, "https://a.example/tone.wav");
      assertEquals(await page.getByRole("link", { name: "Download" }).isVisible(), false);
      await page.getByRole("button", { name: "Play here" }).click();
      await page.locator("audio").waitFor();
      const seeked = await page.evaluate(`new Promise((resolve, reject) => {
        const audio = document.querySelector("audio");
        audio.addEventListener("error", () => reject(audio.error));
        audio.addEventListener("seeked", () => resolve([audio.duration, audio.currentTime >= 15]));
        const seek = () => audio.currentTime = 15;
        if (audio.readyState > 0) seek();
        else audio.addEventListener("loadedmetadata", seek);
      })`);
      assertEquals(seeked, [20, true]);
    });
  }, { permissions: ["clipboard-read", "clipboard-write"] });
});

testWith(
  ["chromium"],
  "page: a token is exchanged for a cookie, and is in no address",
  async () => {
    await withMock(async (page, proxy) => {
      proxy.token = "s3cret";
      await page.reload();
      const field = page.getByLabel("Token");
      await makeLink(page, "https://a.example/f");
      await page.getByText("This proxy requires a token.").waitFor();
      await field.fill("wrong");
      await makeLink(page, "https://a.example/f");
      await page.getByText("This is not the proxy's token.").waitFor();
      assertEquals(await page.locator("#result").isVisible(), false);
      await field.fill("s3cret");
      const link = await makeLink(page, "https://a.example/f");
      assertEquals(
        link,
        `${proxy.origin}/proxy/f?url=https%3A%2F%2Fa.example%2Ff&pass=1.signature`,
      );
      assertEquals(await field.isVisible(), false);
      await page.getByText(/The link works until .*2030.* without the token/).waitFor();
      // The browser stays signed in.
      await page.reload();
      await makeLink(page, "https://a.example/f");
      await page.getByText("The link works until").waitFor();
      assertEquals(await page.evaluate("document.cookie"), "");
      await page.getByRole("button", { name: "Sign out" }).click();
      await field.waitFor();
      // A token in the page's own address leaves it at once.
      await page.goto(`${proxy.origin}/?token=s3cret&a=b`);
      await page.getByRole("button", { name: "Sign out" }).waitFor();
      assertEquals(page.url(), `${proxy.origin}/?a=b`);
      const told = proxy.asked.filter((line) =>
        line.includes("s3cret") && !line.includes("/?token")
      );
      assertEquals(told, []);
    });
  },
);

testWith(["chromium"], "page: works by keyboard", async () => {
  await withMock(async (page) => {
    const urls = page.getByLabel("Mirror URLs, one per line");
    await urls.fill("https://a.example/tone.wav");
    await urls.press("Control+Enter");
    await page.getByRole("heading", { name: "Your link" }).waitFor();
    await urls.focus();
    const order: string[] = [];
    for (let step = 0; step < 10; step++) {
      await page.keyboard.press("Tab");
      order.push(
        await page.evaluate(`(() => {
          const { ariaLabel, textContent } = document.activeElement;
          return ariaLabel ?? textContent.trim();
        })()`),
      );
      const outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
      assertEquals(outline, "solid", `${order.at(-1)} shows no focus`);
    }
    assertEquals(order, [
      "Options",
      "Create link",
      "Clear",
      "Link to the file",
      "Copy the link",
      "Copy the mpv command",
      "Copy the VLC command",
      "Copy the curl command",
      "Play here",
      "Check",
    ]);
  });
});
