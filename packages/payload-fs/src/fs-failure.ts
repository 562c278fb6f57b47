import { statfs } from "node:fs/promises";
import { AdapterError, type AdapterErrorCode, isAdapterError } from "@scaler-aws-hpc/adapter-core";

const CODES: Readonly<Record<string, AdapterErrorCode>> = {
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  ENAMETOOLONG: "rejected",
  ENOTDIR: "rejected",
  EISDIR: "rejected",
  ELOOP: "rejected",
  EFBIG: "too-large",
  ERR_FS_FILE_TOO_LARGE: "too-large",
};

/** The `code` of a system error, e.g. `ENOENT`. */
export function errnoOf(reason: unknown): string | undefined {
  if (typeof reason !== "object" || reason === null || !("code" in reason)) return undefined;
  return typeof reason.code === "string" ? reason.code : undefined;
}

/**
 * Turns whatever a file-system call threw into the contract's error. An error without a system code (of a body's stream, an abort) passes
 * as it is; system errors that are not known to be final may pass later: a full or busy device, a network file system that lost its server.
 *
 * @param doing what was tried, e.g. `put v1/in/m/job-1`.
 */
export async function fromFs(reason: unknown, doing: string, root: string): Promise<unknown> {
  const errno = errnoOf(reason);
  if (errno === undefined || isAdapterError(reason)) return reason;
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    const text = `${doing}: no room ${errno === "EDQUOT" ? "in your quota " : ""}on ${await deviceOf(root)}; free some or choose another --store-dir`;
    return new AdapterError("unavailable", text, { cause: reason });
  }
  // A system error of anything but a file (a socket behind a body's stream) is the caller's.
  if (!/^E[A-Z0-9]+$|^ERR_FS_/.test(errno) || !(reason instanceof Error) || !("syscall" in reason)) return reason;
  return new AdapterError(CODES[errno] ?? "unavailable", `${doing}: ${errno} at ${root}`, { cause: reason });
}

/** The file system that holds `root`, in words: where, how big, how much is free. */
async function deviceOf(root: string): Promise<string> {
  try {
    const { bavail, blocks, bsize, ffree } = await statfs(root);
    const mib = (count: number): string => `${Math.floor((count * bsize) / 1024 ** 2)} MiB`;
    return `the device of ${root} (${mib(bavail)} of ${mib(blocks)} free${ffree === 0 ? ", no file left" : ""})`;
  } catch {
    return `the device of ${root}`;
  }
}
