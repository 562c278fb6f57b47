import { encodeLease, leaseKey, systemClock } from "@scaler-aws-hpc/adapter-core";
import { S3PayloadStore } from "@scaler-aws-hpc/payload-s3";
import type { DoctorBed } from "./doctor-bed.ts";
import { NAMES } from "./healthy-account.ts";

/** Renews the lease of a manager elsewhere, until it is told to stop. */
export async function holdLease(bed: DoctorBed, workerManagerId: string): Promise<() => Promise<void>> {
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const store = await S3PayloadStore.open({ bucket: NAMES.bucket }, { clock: systemClock, log });
  const key = leaseKey(bed.managerIdOf(workerManagerId));
  let held = true;
  const renew = async (): Promise<void> => {
    for (let epoch = 1; held; epoch++) {
      const renewed = Date.now();
      const lease = { epoch, owner: "0".repeat(32), workers: [], host: "elsewhere", pid: 7, renewed, released: false };
      await store.put(key, encodeLease(lease));
      await systemClock.sleep(200);
    }
  };
  const renewing = renew();
  return async () => {
    held = false;
    await renewing;
    await store.delete([key]);
    await store[Symbol.asyncDispose]();
  };
}
