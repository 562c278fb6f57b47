import type { PackObjects } from "./pack-objects.ts";
import type { TaskModules } from "./task-module.ts";

/** A function of a client, ready to be called. */
export type Callable = (...args: unknown[]) => unknown;

/** The functions of a pack, each looked up once. */
export class PackFunctions {
  readonly #modules: TaskModules;
  readonly #objects: PackObjects;
  readonly #found = new Map<number, Callable>();

  constructor(modules: TaskModules, objects: PackObjects) {
    this.#modules = modules;
    this.#objects = objects;
  }

  /** The function in an object of the pack: at once, where it was loaded before. */
  get(index: number): Callable | Promise<Callable> {
    return this.#found.get(index) ?? this.#load(index);
  }

  async #load(index: number): Promise<Callable> {
    const found = await this.#modules.load(this.#objects.get(index));
    this.#found.set(index, found);
    return found;
  }
}
