/**
 * The candidate that a user most likely meant by `word`, or `undefined` when none is close.
 *
 * Case and the difference between `-` and `_` do not count. A candidate is close when it can be reached by a few typing slips (insert, delete,
 * replace, swap; one for each three letters, at least one), or when `word` is at least three letters of its beginning and of no other's (six
 * letters forgive one slip for each five).
 */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = fold(word);
  if (wanted.length === 0 || wanted.length > MAX_WORD) return undefined;
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  const begun: string[] = [];
  let best: { readonly candidate: string; readonly slips: number } | undefined;
  for (const candidate of candidates) {
    const folded = fold(candidate);
    if (wanted.length >= 3 && folded.startsWith(wanted)) begun.push(candidate);
    const slips = Math.min(slipsBetween(wanted, folded), slipsAtBeginning(wanted, folded, allowed));
    if (slips <= allowed && slips < folded.length && (best === undefined || slips < best.slips))
      best = { candidate, slips };
  }
  return best?.candidate ?? (begun.length === 1 ? begun[0] : undefined);
}

// Names here are flags, keys and plugin names; anything longer is not a slip of one of them.
const MAX_WORD = 64;

const fold = (text: string): string => text.toLowerCase().replaceAll("_", "-");

/** An abbreviation with slips; weighs more than the same slips in a whole word. */
function slipsAtBeginning(wanted: string, candidate: string, allowed: number): number {
  if (wanted.length < 6 || candidate.length <= wanted.length) return Number.POSITIVE_INFINITY;
  const slips = slipsBetween(wanted, candidate.slice(0, wanted.length));
  return slips > 0 && slips <= Math.floor(wanted.length / 5) ? Math.min(slips + 1, allowed) : Number.POSITIVE_INFINITY;
}

/** Optimal string alignment: Levenshtein's distance in which swapping two neighbours is one slip. */
function slipsBetween(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(last, j) + 1,
          at(row, j - 1) + 1,
          at(last, j - 1) + cost,
          swapped ? at(beforeLast, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;
