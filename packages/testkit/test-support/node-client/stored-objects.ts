import { ObjectStorageClient } from "@scaler-aws-hpc/scaler-protocol";

/** The storage waits for objects that it does not have: silence for so long means that there is none. */
const MISSING_MS = 500;

/** How many of the objects lie in a storage. */
export async function storedObjects(address: string, ids: readonly string[]): Promise<number> {
  await using storage = await ObjectStorageClient.open(address, { identity: "Test|stored-objects" });
  const found = await Promise.allSettled(ids.map((id) => storage.get(id, { timeoutMs: MISSING_MS })));
  return found.filter(({ status }) => status === "fulfilled").length;
}
