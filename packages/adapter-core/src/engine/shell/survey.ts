import type { AbortOptions } from "../../contracts/abort-options.ts";
import type { Backend, JobName } from "../../contracts/backend.ts";
import type { PayloadStore, StoredObject } from "../../contracts/payload-store.ts";
import { inPrefix, outRoot, parseFrameKey } from "../../formats/keys.ts";

const JOB = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** What earlier processes of a manager left. */
export interface Remains {
  /** Every job that is named anywhere. */
  readonly names: readonly JobName[];
  readonly bundles: ReadonlyMap<JobName, StoredObject>;
  /** Every key below the manager's prefixes, with the job that it belongs to; shared objects belong to none. */
  readonly keys: ReadonlyMap<string, JobName | undefined>;
}

/** Looks at the store and asks the backend what is there of a manager. @throws {AdapterError} as both */
export async function survey(
  store: PayloadStore,
  backend: Backend,
  managerId: string,
  options?: AbortOptions,
): Promise<Remains> {
  const bundles = new Map<JobName, StoredObject>();
  const keys = new Map<string, JobName | undefined>();
  const names = new Set<JobName>();
  const inputs = async (): Promise<void> => {
    const prefix = inPrefix(managerId);
    for await (const object of store.list(prefix, options)) {
      const name = object.key.slice(prefix.length);
      if (JOB.test(name)) {
        bundles.set(name, object);
        names.add(name);
      }
      keys.set(object.key, JOB.test(name) ? name : undefined);
    }
  };
  const frames = async (): Promise<void> => {
    for await (const { key } of store.list(outRoot(managerId), options)) {
      const job = parseFrameKey(key)?.job;
      if (job !== undefined) names.add(job);
      keys.set(key, job);
    }
  };
  const [live] = await Promise.all([backend.list(options), inputs(), frames()]);
  for (const { name } of live) names.add(name);
  return { names: [...names], bundles, keys };
}
