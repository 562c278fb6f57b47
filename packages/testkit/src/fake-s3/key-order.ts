/**
 * Keys in order, cheap to add to and to take from between two looks: results come one by one and are listed over and over.
 * The order is that of UTF-16, which is S3's (of UTF-8) for all but keys with characters beyond the basic plane.
 */
export class KeyOrder {
  #sorted: string[] = [];
  #added: string[] = [];
  #deleted = false;
  readonly #isThere: (key: string) => boolean;

  /** @param isThere - whether a key was not deleted */
  constructor(isThere: (key: string) => boolean) {
    this.#isThere = isThere;
  }

  add(key: string): void {
    this.#added.push(key);
  }

  delete(): void {
    this.#deleted = true;
  }

  /** Keys that begin with `prefix`, those after `after` only. */
  from(prefix: string, after: string): readonly string[] {
    this.#settle();
    const keys = this.#sorted;
    const least = after > prefix ? after : prefix;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] ?? "") < least) low = middle + 1;
      else high = middle;
    }
    if (after !== "" && keys[low] === after) low += 1;
    let end = low;
    while (end < keys.length && keys[end]?.startsWith(prefix)) end += 1;
    return keys.slice(low, end);
  }

  #settle(): void {
    if (this.#deleted) this.#sorted = this.#sorted.filter(this.#isThere);
    if (this.#added.length > 0) this.#sorted = merge(this.#sorted, this.#added.filter(this.#isThere).sort());
    this.#added = [];
    this.#deleted = false;
  }
}

/** A key that was deleted and came back may be in both. */
function merge(left: readonly string[], right: readonly string[]): string[] {
  const merged: string[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const [a, b] = [left[l], right[r]];
    const next = b === undefined || (a !== undefined && a <= b) ? a : b;
    if (next === undefined) break;
    if (next === a) l += 1;
    if (next === b) r += 1;
    if (merged.at(-1) !== next) merged.push(next);
  }
  return merged;
}
