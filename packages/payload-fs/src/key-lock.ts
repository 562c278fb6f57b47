import { createHash } from "node:crypto";
import { link, lstat, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { errnoOf } from "./fs-failure.ts";
import { makerOf, newMark } from "./process-mark.ts";

// A lock is held for a few file-system calls. Of a holder on another host only its age is known.
const FOREIGN_STALE_MS = 60_000;
const LONGEST_WAIT_MS = 64;
const MAX_TAKEOVERS = 4;

/**
 * Runs `work` while this caller alone holds the lock of `key`, across processes: what makes compare-and-set one step.
 *
 * A lock is a file with its holder's mark, made by `link`, which fails when the name is taken. The lock of a dead holder is taken over by
 * whoever holds the lock *of that dead mark*: so two who find it dead cannot both remove it, the second one removing its successor's.
 *
 * @throws {AdapterError} `unavailable` when several holders in a row died.
 */
export async function withKeyLock<T>(
  folder: string,
  key: string,
  work: () => Promise<T>,
  options?: { readonly signal?: AbortSignal | undefined },
): Promise<T> {
  return await withLock(folder, `lock-${digest(key)}`, work, 0, options?.signal);
}

async function withLock<T>(
  folder: string,
  name: string,
  work: () => Promise<T>,
  takeovers: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (takeovers > MAX_TAKEOVERS) throw new AdapterError("unavailable", `${name}: every holder of this lock died`);
  const lock = join(folder, name);
  const mark = newMark();
  const own = join(folder, mark);
  await writeFile(own, mark, { flag: "wx", mode: 0o600 });
  try {
    for (let wait = 1; !(await linked(own, lock)); wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      signal?.throwIfAborted();
      const holder = await staleHolder(lock);
      if (holder === undefined) {
        await sleep(wait * (0.5 + Math.random()), undefined, signal ? { signal } : {}).catch(() =>
          signal?.throwIfAborted(),
        );
        continue;
      }
      const remove = async (): Promise<void> => {
        // Only a holder of the dead mark's lock may change this one now, so what is read here stays.
        if ((await contentOf(lock)) === holder) await removed(lock);
      };
      await withLock(folder, `lock-${digest(holder)}`, remove, takeovers + 1, signal);
    }
    try {
      return await work();
    } finally {
      await removed(lock);
    }
  } finally {
    await removed(own);
  }
}

/** The mark in a lock whose holder is gone, `undefined` when it lives or the lock is free by now. */
async function staleHolder(lock: string): Promise<string | undefined> {
  const holder = await contentOf(lock);
  if (holder === undefined) return undefined;
  const maker = makerOf(holder);
  if (maker !== "unknown") return maker === "dead" ? holder : undefined;
  try {
    return Date.now() - (await lstat(lock)).mtimeMs > FOREIGN_STALE_MS ? holder : undefined;
  } catch (reason) {
    if (errnoOf(reason) === "ENOENT") return undefined;
    throw reason;
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (reason) {
    if (errnoOf(reason) === "EEXIST") return false;
    throw reason;
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "latin1");
  } catch (reason) {
    if (errnoOf(reason) === "ENOENT") return undefined;
    throw reason;
  }
}

async function removed(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (reason) {
    if (errnoOf(reason) !== "ENOENT") throw reason;
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
