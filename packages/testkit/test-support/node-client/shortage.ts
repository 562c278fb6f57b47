/** An error with fields of its own and a cause. */
export class Shortage extends Error {
  override readonly name = "Shortage";
  readonly code = "E_SHORT";
  readonly missing: ReadonlyMap<string, bigint>;

  constructor(what: string) {
    super(`no ${what} left`, { cause: new RangeError("0 is not enough") });
    this.missing = new Map([[what, 3n]]);
  }
}
