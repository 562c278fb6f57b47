import { ClientError } from "../client-error.ts";
import { encodeFunction } from "../format/function-object.ts";
import { bundleModule } from "./bundle-module.ts";
import { exportNameOf } from "./export-name.ts";
import { type Task, type TaskSource, taskSource } from "./task.ts";

/** A task, ready to be sent. */
export interface PreparedTask {
  readonly name: string;
  /** The function object. */
  readonly bytes: Uint8Array;
}

// Bundles are made once per module and process, and shared by the module's tasks and by clients. Failures are not kept: the
// next submit tries again, with the mended file.
const bundles = new Map<string, Promise<Uint8Array>>();
const prepared = new WeakMap<object, Promise<PreparedTask>>();

/** Bundles a task once. @throws {ClientError} `task`, `bundle`, `too-large`, `config` */
export function prepareTask(task: Task<never[], unknown>): Promise<PreparedTask> {
  const known = prepared.get(task);
  if (known !== undefined) return known;
  const source = taskSource(task);
  if (source === undefined) {
    const expected =
      "expected what defineTask returned. A bare function cannot be sent, as it does not say which module it is of";
    throw new ClientError("config", `submit: ${expected}; got ${typeof task}`);
  }
  const fresh = prepare(task, source);
  prepared.set(task, fresh);
  fresh.catch(() => prepared.delete(task));
  return fresh;
}

async function prepare(task: Task<never[], unknown>, source: TaskSource): Promise<PreparedTask> {
  const exportName = await exportNameOf(task, source);
  const module = await bundleOnce(source);
  const name = source.name ?? exportName;
  return { name, bytes: encodeFunction({ name, exportName, node: process.versions.node, module }) };
}

function bundleOnce(source: TaskSource): Promise<Uint8Array> {
  const key = JSON.stringify([source.url, source.external ?? [], source.conditions ?? []]);
  const known = bundles.get(key);
  if (known !== undefined) return known;
  const fresh = bundleModule(source);
  bundles.set(key, fresh);
  fresh.catch(() => bundles.delete(key));
  return fresh;
}
