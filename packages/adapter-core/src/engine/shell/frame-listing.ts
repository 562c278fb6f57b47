import type { PayloadStore } from "../../contracts/payload-store.ts";
import { outRoot, parseFrameKey } from "../../formats/keys.ts";
import type { ShellHost } from "./host.ts";
import type { Child, JobBook } from "./job-book.ts";

/** A frame that lies in the store. */
export interface FoundFrame {
  readonly key: string;
  readonly size: number;
}

/** The frames that one listing found, by child and in the order in which they were written; only those that were not read before. */
export type FoundFrames = ReadonlyMap<Child, readonly FoundFrame[]>;

/** Options of {@link FrameListing}. */
export interface FrameListingOptions {
  readonly store: PayloadStore;
  readonly book: JobBook;
  readonly managerId: string;
  /** Told of every frame whose job is not in the book. */
  readonly onStray: (key: string, job: string) => void;
}

/** Lists the result frames of all jobs with one request. Who asks while one is under way shares the next. */
export class FrameListing {
  readonly #host: ShellHost;
  readonly #options: FrameListingOptions;
  #running: Promise<FoundFrames> | undefined;
  #next: Promise<FoundFrames> | undefined;

  constructor(host: ShellHost, options: FrameListingOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** A listing that begins from now on. @throws {AdapterError} as `PayloadStore.list` */
  fresh(): Promise<FoundFrames> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  #start(): Promise<FoundFrames> {
    this.#next = undefined;
    const running = this.#list().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #list(): Promise<FoundFrames> {
    const { store, book, managerId, onStray } = this.#options;
    const found = new Map<Child, FoundFrame[]>();
    for await (const { key, size } of store.list(outRoot(managerId), { signal: this.#host.signal })) {
      const name = parseFrameKey(key);
      const child = name === undefined ? undefined : book.child(name);
      if (child === undefined) onStray(key, name?.job ?? "");
      else if (!child.frames.has(key)) {
        const frames = found.get(child);
        if (frames === undefined) found.set(child, [{ key, size }]);
        else frames.push({ key, size });
      }
    }
    // By number: the tenth frame comes after the ninth, and the last one after all others.
    for (const frames of found.values()) if (frames.length > 1) frames.sort(inOrder);
    return found;
  }
}

function inOrder(left: FoundFrame, right: FoundFrame): number {
  const [a, b] = [parseFrameKey(left.key), parseFrameKey(right.key)];
  return (a?.attempt ?? 0) - (b?.attempt ?? 0) || (a?.n ?? 0) - (b?.n ?? 0);
}
