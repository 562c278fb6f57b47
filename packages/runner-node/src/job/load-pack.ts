import { createHash } from "node:crypto";
import {
  bundleChildren,
  INDEX_ENTRY_BYTES,
  isAdapterError,
  openSection,
  PREAMBLE_BYTES,
  type Section,
  type SectionObject,
} from "@scaler-aws-hpc/adapter-core";
import type { PackObject, PackTask } from "../messages/pack.ts";
import { RunnerError } from "../runner-error.ts";
import { type ReadRange, type Store, WHOLE_BUNDLE } from "../store/store.ts";
import type { Job } from "./job.ts";

/** What a child runs, verified. */
export interface LoadedPack {
  readonly section: Section;
  /** Every object that the tasks name, as stored. */
  readonly objects: readonly PackObject[];
  readonly serializer: number;
  readonly tasks: readonly PackTask[];
}

/** Reads the section of a child and the objects that it shares with others. @throws {RunnerError} `corrupt`, `store` */
export async function loadPack(job: Job, store: Store): Promise<LoadedPack> {
  try {
    const section = await (job.inline === undefined
      ? store.ranges(job.bundle ?? "", (size, read) => readSection(job, size, read))
      : inlineSection(job, job.inline));
    return await withObjects(section, store);
  } catch (reason) {
    if (isAdapterError(reason)) throw new RunnerError("corrupt", withoutCode(reason.message), { cause: reason });
    throw reason;
  }
}

function inlineSection(job: Job, text: string): Promise<Section> {
  const bytes = Buffer.from(text, "base64url");
  return readSection(job, bytes.length, async (start, end) => bytes.subarray(start, end));
}

/** Two requests, or one where the bundle is small; the signature is checked before anything in the section is looked at. */
async function readSection({ job, child, secret }: Job, size: number, read: ReadRange): Promise<Section> {
  const whole = size <= WHOLE_BUNDLE ? await read(0, size) : undefined;
  const get = async (start: number, end: number): Promise<Buffer> =>
    whole?.subarray(start, Math.min(end, whole.length)) ?? (await read(start, end));
  const count = bundleChildren(await get(0, PREAMBLE_BYTES), job);
  if (child >= count) throw corrupt(`the bundle has ${count} sections, section ${child} was asked for`);
  const at = PREAMBLE_BYTES + INDEX_ENTRY_BYTES * child;
  const entry = await get(at, at + INDEX_ENTRY_BYTES);
  if (entry.length < INDEX_ENTRY_BYTES) throw corrupt("the index of the bundle is cut off");
  const offset = Number(entry.readBigUInt64LE(0));
  const length = Number(entry.readBigUInt64LE(8));
  if (offset < PREAMBLE_BYTES + INDEX_ENTRY_BYTES * count || offset + length > size) {
    throw corrupt(`section ${child} lies outside the bundle`);
  }
  const bytes = await get(offset, offset + length);
  if (bytes.length !== length) throw corrupt(`section ${child} is cut off`);
  return await openSection(bytes, { child, offset, length, tag: entry.subarray(16) }, job, secret);
}

async function withObjects(section: Section, store: Store): Promise<LoadedPack> {
  const places = new Map(section.objects.map(({ id }, index) => [id, index]));
  const place = (id: string): number => places.get(id) ?? -1;
  const objects: PackObject[] = [];
  for (const object of section.objects) objects.push(await bytesOf(object, store));
  return {
    ...{ section, objects },
    serializer: place(section.serializer),
    tasks: section.tasks.map(({ fn, args, stream }) => ({ fn: place(fn), args: args.map(place), stream })),
  };
}

async function bytesOf(object: SectionObject, store: Store): Promise<PackObject> {
  const { raw, gzip } = object;
  if ("bytes" in object) return { bytes: object.bytes, raw, gzip };
  const { key, stored, sha256, id } = object;
  const bytes = await store.whole(key, stored);
  const digest = createHash("sha256").update(bytes).digest("hex");
  if (bytes.length === stored && digest === sha256) return { bytes, raw, gzip };
  throw corrupt(`shared object ${id} does not match its digest`);
}

const corrupt = (text: string): RunnerError => new RunnerError("corrupt", text);

/** The code of an AdapterError stands before its text. */
const withoutCode = (text: string): string => text.replace(/^\[[a-z-]+\] /, "");
