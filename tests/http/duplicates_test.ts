import { assertEquals } from "@std/assert";
import { readElsewhere } from "../../lib/http/duplicates.ts";

const BASE = new URL("https://one.example/pub/f.iso#part");

function read(...links: string[]) {
  const headers = new Headers();
  for (const link of links) headers.append("link", link);
  return readElsewhere(headers, BASE);
}

Deno.test("readElsewhere() reads what redirectors send", () => {
  const found = read(
    "<http://c.example/f.iso>; rel=duplicate; pri=3; geo=de",
    '<http://a.example/f.iso>; rel=duplicate; pri=1; pref; geo="GB"; depth=2, <http://b.example/f.iso>; rel=duplicate; pri=2',
    '<https://one.example/f.iso.meta4>; rel=describedby; type="application/metalink4+xml; charset=utf-8"',
    '<https://one.example/f.iso.asc>; rel=describedby; type="application/pgp-signature"',
    '<https://one.example/f.iso.torrent>; rel=describedby; type="application/x-bittorrent"; name="f"',
    '<http://d.example/f.iso>; rel=duplicate; pri=0; geo=deu; depth=-1, <http://p.example/f.iso>; rel=duplicate; pref=""',
  );
  const none = { isPreferred: false, location: undefined, depth: undefined };
  assertEquals(found, {
    duplicates: [
      { url: "http://a.example/f.iso", priority: 1, isPreferred: true, location: "gb", depth: 2 },
      { ...none, url: "http://p.example/f.iso", priority: 999_999, isPreferred: true },
      { ...none, url: "http://b.example/f.iso", priority: 2 },
      { ...none, url: "http://c.example/f.iso", priority: 3, location: "de" },
      { ...none, url: "http://d.example/f.iso", priority: 999_999 },
    ],
    descriptions: [
      { url: "https://one.example/f.iso.meta4", type: "application/metalink4+xml" },
      { url: "https://one.example/f.iso.asc", type: "application/pgp-signature" },
      { url: "https://one.example/f.iso.torrent", type: "application/x-bittorrent" },
    ],
    problem: undefined,
  });
});

Deno.test("readElsewhere() leaves out other schemes, the resource itself, and repeated URLs", () => {
  const { duplicates, descriptions } = read(
    "<ftp://a.example/f>; rel=duplicate, <f.iso>; rel=duplicate, <f.iso#x>; rel=describedby",
    "<javascript:alert(1)>; rel=duplicate, <http://a.example/f#x>; rel=duplicate; pri=2",
    '<http://a.example/f>; rel="next duplicate"; pri=1, <http://a.example/f>; rel=duplicate; pri=9',
    "<http://b.example/f>; rel=alternate",
  );
  assertEquals(duplicates.map(({ url, priority }) => [url, priority]), [["http://a.example/f", 1]]);
  assertEquals(descriptions, []);
  assertEquals(readElsewhere(new Headers(), BASE), {
    duplicates: [],
    descriptions: [],
    problem: undefined,
  });
});
