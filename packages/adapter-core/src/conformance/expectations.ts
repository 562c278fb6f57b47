import assert from "node:assert/strict";
import { type AdapterErrorCode, isAdapterError } from "../contracts/adapter-error.ts";
import type { PayloadStore, StoredObject } from "../contracts/payload-store.ts";

/** Requires an error of the contract's class with this code, and a message that starts with it. */
export async function rejectsWith(code: AdapterErrorCode, work: () => Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isAdapterError(error), `expected an AdapterError "${code}", got ${String(error)}`);
    assert.equal(error.code, code, error.message);
    assert.ok(error.message.startsWith(`[${code}] `), error.message);
    return true;
  });
}

/** Requires a rejection with exactly this reason. */
export async function rejectsAs(reason: unknown, work: () => Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.equal(error, reason);
    return true;
  });
}

/** Everything a list gives. */
export async function listed(store: PayloadStore, prefix: string, signal?: AbortSignal): Promise<StoredObject[]> {
  const all: StoredObject[] = [];
  for await (const object of store.list(prefix, { signal })) all.push(object);
  return all;
}

/** The keys that a list gives. */
export async function keysOf(store: PayloadStore, prefix: string): Promise<string[]> {
  return (await listed(store, prefix)).map((object) => object.key);
}

/** The text stored under a key, `undefined` when absent. */
export async function textAt(store: PayloadStore, key: string): Promise<string | undefined> {
  const found = await store.get(key);
  return found && Buffer.from(found.body).toString();
}

/** UTF-8 bytes. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Fails when `work` has not settled within `ms` milliseconds: a conformance case never hangs. */
export async function within<T>(ms: number, what: string, work: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `${what}: not within ${ms} ms` })), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for real milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
