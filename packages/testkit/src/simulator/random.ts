/** A seeded source of randomness (sfc32): the same seed gives the same numbers on every machine. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = 0x9e3779b9 ^ seed;
    this.#b = 0x243f6a88 ^ Math.imul(seed, 0x85ebca6b);
    this.#c = 0xb7e15162;
    for (let i = 0; i < 12; i += 1) this.next();
  }

  /** Between 0 and 1, 1 excluded. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return (sum >>> 0) / 4294967296;
  }

  /** True with that probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** Between `least` and `most`, small values more often the larger the ratio of the two: even on a logarithmic scale. */
  spread(least: number, most: number): number {
    return least * (most / least) ** this.next();
  }

  /** Log-normal with that median; `sigma` is the deviation of the logarithm. */
  logNormal(median: number, sigma: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * this.next()));
  }

  /** One of them. @throws {RangeError} when there is none. */
  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** Lower-case hex of that many bytes. */
  hex(bytes: number): string {
    let text = "";
    while (text.length < bytes * 2)
      text += Math.floor(this.next() * 0x1000000)
        .toString(16)
        .padStart(6, "0");
    return text.slice(0, bytes * 2);
  }
}
