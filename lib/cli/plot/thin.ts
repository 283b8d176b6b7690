/**
 * Makes a long record short enough for a picture, without losing what stands out in it.
 *
 * @module
 */

/**
 * At most `most` of the items (or 4), in their order. The first and the last one are kept, and of every
 * stretch the one with the least and the one with the greatest value: whatever stands out stays. What
 * is short enough is returned whole.
 */
export function thin<Item>(
  items: readonly Item[],
  most: number,
  value: (item: Item) => number,
): readonly Item[] {
  if (items.length <= most) return items;
  const stretches = Math.max(1, Math.floor((most - 2) / 2));
  const kept = new Set([0, items.length - 1]);
  for (let stretch = 0; stretch < stretches; stretch++) {
    const begin = Math.floor(stretch * items.length / stretches);
    const end = Math.floor((stretch + 1) * items.length / stretches);
    let [least, greatest] = [begin, begin];
    for (let index = begin + 1; index < end; index++) {
      if (value(items[index]!) < value(items[least]!)) least = index;
      if (value(items[index]!) > value(items[greatest]!)) greatest = index;
    }
    kept.add(least).add(greatest);
  }
  return items.filter((_, index) => kept.has(index));
}
