/** Waits before try number `n`: at random up to 0.1 s, doubled each time. @param mostMs at most so long */
export async function pause(n: number, mostMs = 5_000): Promise<void> {
  const ms = Math.min(mostMs, 100 * 2 ** n) * (0.1 + 0.9 * Math.random());
  await new Promise((resolve) => setTimeout(resolve, ms));
}
