import type { PayloadStore } from "../contracts/payload-store.ts";

/** A named check of a contract; `run` rejects when it does not hold. Any test runner can take it: `it(name, run)`. */
export interface ConformanceCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** A fresh, empty place to store things in, for one case. */
export interface PayloadStorePlace extends AsyncDisposable {
  /** Opens a client of the place. Called again, it opens another one that sees the same objects. */
  open(): Promise<PayloadStore>;
}

/** What {@link payloadStoreCases} needs. */
export interface PayloadStoreSuite {
  /** Called once by each case, which disposes of the place at its end. */
  readonly openPlace: () => Promise<PayloadStorePlace>;
  /** How many calls race in the cases about races. @default 20 */
  readonly racers?: number;
  /** Size of the big object of the cases that need one, in bytes. @default 12 MiB */
  readonly bigBytes?: number;
}

/** The cases of one subject: what `payloadStoreCases` puts together. */
export type CaseMaker = (suite: PayloadStoreSuite) => readonly ConformanceCase[];

/** Makes a case whose stores are closed at its end, also when it fails. */
export function storeCase(
  suite: PayloadStoreSuite,
  name: string,
  check: (store: PayloadStore, openAnother: () => Promise<PayloadStore>) => Promise<void>,
): ConformanceCase {
  return {
    name,
    run: async () => {
      const place = await suite.openPlace();
      const stores: PayloadStore[] = [];
      const open = async (): Promise<PayloadStore> => {
        const store = await place.open();
        stores.push(store);
        return store;
      };
      try {
        await check(await open(), open);
      } finally {
        for (const store of stores) await store[Symbol.asyncDispose]();
        await place[Symbol.asyncDispose]();
      }
    },
  };
}
