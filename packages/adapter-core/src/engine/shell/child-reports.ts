import type { ChildChange } from "../../contracts/backend.ts";
import type { FoundFrame } from "./frame-listing.ts";
import type { FrameReader } from "./frame-reader.ts";
import type { ShellHost } from "./host.ts";
import type { Child, JobBook } from "./job-book.ts";

/** Options of {@link ChildReports}. */
export interface ChildReportsOptions {
  readonly book: JobBook;
  readonly reader: FrameReader;
  /** Finds the frames of a child that is over and that nobody told of; rejects only at the end of the engine. */
  readonly find: (child: Child) => Promise<readonly FoundFrame[]>;
  /** A child is over as soon as every frame up to one that says `last` was read, whatever the backend says. */
  readonly endsWithLast: boolean;
  /** Told of a child that is over with tasks handed back: a backend that repeats what ends badly is not to run all of it again. */
  readonly onHandedBack: (child: Child) => void;
  /** Told when a child did something; `over`: it is over. */
  readonly onChange: (over?: Child) => void;
}

/** Reports what became of children to the core. What is reported of one child is in order: every frame of it before its end. */
export class ChildReports {
  readonly #host: ShellHost;
  readonly #options: ChildReportsOptions;

  constructor(host: ShellHost, options: ChildReportsOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Reads a frame, beside others, and reports it after what was heard of its child before. Resolves when that is done. */
  frame(child: Child, frame: FoundFrame): Promise<void> {
    const { reader } = this.#options;
    const load = reader.load(child, frame);
    // Who waits for it below comes later than a failure might.
    load.catch(() => {});
    return this.#next(child, async () => {
      const report = await load;
      if (report === undefined) return;
      report();
      this.#options.onChange();
      this.#endWithLast(child);
    });
  }

  /** Reports a change, after the frames that the child left where it is over. */
  change(change: ChildChange): void {
    const child = this.#options.book.child(change);
    if (child === undefined || child.over) return;
    if (change.state === "running") {
      if (child.running) return;
      child.running = true;
      this.#options.onChange();
      void this.#next(child, () => this.#host.tell({ type: "child", change }));
      return;
    }
    child.over = true;
    void this.#next(child, async () => {
      if (!this.#options.reader.complete(child, change.attempt)) await this.#collect(child);
      this.#over(child, change);
    });
  }

  async #collect(child: Child): Promise<void> {
    const { find, reader } = this.#options;
    const frames = await find(child);
    for (const report of await Promise.all(frames.map((frame) => reader.load(child, frame)))) report?.();
  }

  #endWithLast(child: Child): void {
    if (!this.#options.endsWithLast || child.over) return;
    for (const [attempt, { handedBack }] of child.attempts) {
      if (!this.#options.reader.complete(child, attempt)) continue;
      child.over = true;
      if (handedBack) this.#options.onHandedBack(child);
      this.#over(child, { job: child.job, child: child.child, state: "succeeded", attempt });
      return;
    }
  }

  #over(child: Child, change: ChildChange): void {
    this.#options.onChange(child);
    this.#host.tell({ type: "child", change });
  }

  /** What happens to a child happens one after another; at once when nothing is under way. */
  #next(child: Child, work: () => Promise<void> | void): Promise<void> {
    const begun = child.chain === undefined ? (work() ?? undefined) : child.chain.then(work);
    if (begun === undefined) return DONE;
    const chain = begun
      .catch((reason: unknown) => {
        if (this.#host.signal.aborted) return;
        const where = { job: child.job, child: child.child };
        this.#host.log.warn("a child's report was lost", { ...where, reason: String(reason) });
      })
      .finally(() => {
        if (child.chain === chain) child.chain = undefined;
      });
    child.chain = chain;
    return chain;
  }
}

const DONE = Promise.resolve();
