import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type DecodedFunction, decodeFunction, taskFunction } from "@scaler-aws-hpc/client/format";

/** Names in stack traces stay readable, whatever a task is called. */
const UNSAFE = /[^A-Za-z0-9_-]+/g;

/** Modules of tasks, evaluated once in this thread however many packs and functions name them. */
export class TaskModules {
  readonly #sources = new Map<string, Uint8Array>();
  readonly #modules = new Map<string, Promise<object>>();
  readonly #fromMemory = typeof registerHooks === "function";

  constructor() {
    // Modules come from memory and pretend to be files of the working directory: nothing is left behind, and what a client left out of its
    // bundle on purpose is looked for in the image's own node_modules. Older Nodes (before 22.15) load them as data URLs, which find no packages.
    if (!this.#fromMemory) return;
    registerHooks({
      resolve: (specifier, context, next) =>
        this.#sources.has(specifier)
          ? { url: specifier, format: "module", shortCircuit: true }
          : next(specifier, context),
      load: (url, context, next) => {
        const source = this.#sources.get(url);
        return source === undefined ? next(url, context) : { format: "module", source, shortCircuit: true };
      },
    });
  }

  /** The function that a function object names. Throws whatever its module throws, and what the format's readers throw. */
  async load(bytes: Uint8Array): Promise<(...args: unknown[]) => unknown> {
    const fn = decodeFunction(bytes);
    return taskFunction(await this.#module(fn), fn.exportName);
  }

  #module(fn: DecodedFunction): Promise<object> {
    const known = this.#modules.get(fn.sha256);
    if (known !== undefined) return known;
    const url = this.#urlOf(fn);
    const loading = import(url) as Promise<object>;
    this.#modules.set(fn.sha256, loading);
    // The source is needed once; what could not be evaluated would fail again just so.
    loading.catch(() => undefined).finally(() => this.#sources.delete(url));
    return loading;
  }

  #urlOf({ name, sha256, module }: DecodedFunction): string {
    if (!this.#fromMemory) return `data:text/javascript;base64,${Buffer.from(module).toString("base64")}`;
    const file = `${name.replaceAll(UNSAFE, "-").slice(0, 64)}-${sha256.slice(0, 16)}.mjs`;
    const url = pathToFileURL(join(process.cwd(), file)).href;
    this.#sources.set(url, module);
    return url;
  }
}
