/**
 * What a table or a legend calls mirrors: their hosts, as long as those tell them apart.
 *
 * @module
 */

/** A short name for each URL; where mirrors are on one host, its place among them comes first. */
export function mirrorNames(urls: readonly string[]): string[] {
  const hosts = urls.map((url) => URL.parse(url)?.host || url);
  return hosts.map((host, index) =>
    hosts.indexOf(host) === hosts.lastIndexOf(host) ? host : `#${index + 1} ${host}`
  );
}

/** A text of at most `most` characters, cut with an ellipsis if need be. */
export function shorten(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}
