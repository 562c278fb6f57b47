import { randomBytes } from "node:crypto";
import { access, constants, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import {
  type AbortOptions,
  AdapterError,
  type Check,
  type Finding,
  fault,
  ok,
  warning,
} from "@scaler-aws-hpc/adapter-core";
import { FsPayloadStore, type FsPayloadStoreOptions } from "./fs-payload-store.ts";

const GROUP = "This machine";
/** Room below which a deployment with large arguments soon stands still. */
const LITTLE_BYTES = 1024 ** 3;

/** What `doctor` looks at for this store. */
export function fsChecks(options: FsPayloadStoreOptions): readonly Check[] {
  const { directory } = options;
  const title = directory === undefined ? "temporary store directory" : `store directory ${directory}`;
  return [
    { id: "fs-directory", group: GROUP, title, run: async (more) => await directoryFindings(options, more) },
    {
      id: "fs-room",
      group: GROUP,
      title: "room for payloads",
      needs: ["fs-directory"],
      run: () => roomFindings(directory),
    },
  ];
}

/** One that is not there is not made: it is enough that it could be. */
async function directoryFindings(
  options: FsPayloadStoreOptions,
  { signal }: AbortOptions,
): Promise<readonly Finding[]> {
  const { directory } = options;
  if (directory !== undefined && !(await exists(directory))) return [await couldBeMade(directory)];
  await using store = await FsPayloadStore.open(options);
  const key = `v1/managers/doctor-${randomBytes(8).toString("hex")}`;
  const body = Buffer.from("probe");
  try {
    await store.put(key, body, { if: "absent", signal });
    const found = await store.get(key, { signal });
    if (found === undefined || !body.equals(found.body))
      throw new AdapterError("corrupt", "what was written was not read again; choose another with --store-dir");
  } finally {
    await store.delete([key]);
  }
  return [ok("can be written and read, by nobody else")];
}

async function couldBeMade(directory: string): Promise<Finding> {
  const parent = await nearest(directory);
  try {
    await access(parent, constants.W_OK | constants.X_OK);
    if ((await stat(parent)).isDirectory()) return ok("does not exist yet and will be made");
  } catch {
    // Said below.
  }
  return fault(
    `cannot be made in ${parent}`,
    "choose another with --store-dir, or let this user write there",
    "denied",
  );
}

async function roomFindings(directory: string | undefined): Promise<readonly Finding[]> {
  const { bavail, bsize } = await statfs(await nearest(directory ?? tmpdir()));
  const free = bavail * bsize;
  const text = `${(free / LITTLE_BYTES).toFixed(1)} GiB are free`;
  return [free < LITTLE_BYTES ? warning(text, "make room, or choose another disk with --store-dir") : ok(text)];
}

/** The folder itself, or the nearest above it that exists. */
async function nearest(path: string): Promise<string> {
  let at = resolve(path);
  while (!(await exists(at)) && dirname(at) !== at) at = dirname(at);
  return at;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (reason) {
    return (reason as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
