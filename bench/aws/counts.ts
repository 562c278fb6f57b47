/** Requests by operation. */
export type Counts = Readonly<Record<string, number>>;

export function since(after: Counts, before: Counts): Counts {
  const entries = Object.entries(after).map(([name, count]): [string, number] => [name, count - (before[name] ?? 0)]);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

export function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** The most frequent first: `PutObject 1002, GetObject 7`. */
export function inWords(counts: Counts): string {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${name} ${Number.isInteger(count) ? count : count.toFixed(1)}`).join(", ");
}
