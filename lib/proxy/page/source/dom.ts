/**
 * Short forms for the DOM: typed look-ups by id, elements with properties and children, and
 * announcements to screen readers.
 *
 * @module
 */

/**
 * Returns the element with an id.
 *
 * @throws {TypeError} if there is none, or it is of another kind
 */
export function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`#${id} is not a ${kind.name}`);
  return found;
}

/** Makes an element with properties and children. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const announcer = element("announcer", HTMLElement);

/** Has a screen reader announce a text. */
export function announce(text: string): void {
  announcer.textContent = "";
  // A live region announces changes only, and the same text may come twice.
  setTimeout(() => announcer.textContent = text, 50);
}
