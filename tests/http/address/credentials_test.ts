import { assertEquals } from "@std/assert";
import {
  basicAuthorization,
  hasCredentials,
  hasSecrets,
  putCredentials,
  takeCredentials,
  withoutSecrets,
} from "../../../lib/http/address/credentials.ts";

Deno.test("takeCredentials() removes them from the URL, and decodes them", () => {
  const table = [
    ["http://h/f", undefined],
    ["http://user:pass@h/f", { username: "user", password: "pass" }],
    ["http://us%40er:p%3Aw@h/f", { username: "us@er", password: "p:w" }],
    ["http:user@h/f", { username: "user", password: "" }],
    ["http://:pass@h/f", { username: "", password: "pass" }],
    ["http://100%:p@h/f", { username: "100%", password: "p" }],
  ] as const;
  for (const [text, credentials] of table) {
    const url = new URL(text);
    assertEquals(hasCredentials(url), credentials !== undefined, text);
    assertEquals(takeCredentials(url), credentials, text);
    assertEquals(url.href, "http://h/f");
  }
});

Deno.test("putCredentials() puts in what takeCredentials() takes out", () => {
  for (const credentials of [{ username: "us@er:", password: "100%/ä" }]) {
    const url = new URL("http://h/");
    putCredentials(url, credentials);
    assertEquals(takeCredentials(url), credentials);
  }
});

Deno.test("basicAuthorization() is in UTF-8", () => {
  const value = basicAuthorization({ username: "ü", password: "€" });
  assertEquals(value, "Basic w7w64oKs");
});

Deno.test("withoutSecrets() leaves out what identifies the user", () => {
  const headers = new Headers({ Authorization: "Bearer a", Cookie: "b=c", Accept: "*/*" });
  const others = withoutSecrets(headers);
  assertEquals([...others], [["accept", "*/*"]]);
  assertEquals([headers, others, withoutSecrets(undefined)].map(hasSecrets), [true, false, false]);
});
