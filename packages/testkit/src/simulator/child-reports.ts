import type { ChildChange, EngineEvent } from "@scaler-aws-hpc/adapter-core";
import type { ChildWatcher, FakeChild } from "./fake-child.ts";
import type { FakeShell } from "./fake-shell.ts";

type Frame = Extract<EngineEvent, { type: "frame" }>;

/** What is still to be told of one child. */
interface Untold {
  readonly frames: Frame[];
  told: number;
  over: boolean;
}

/** Brings what children do to the core: by hints that get lost, repeated and reordered, else by polling. All frames of a child come before its end. */
export class ChildReports implements ChildWatcher {
  readonly shell: number;
  readonly #shell: FakeShell;
  readonly #untold = new Map<FakeChild, Untold>();

  constructor(shell: FakeShell) {
    this.#shell = shell;
    this.shell = shell.index;
  }

  frame(child: FakeChild, frame: Frame, found = false): void {
    const untold = this.#of(child);
    const { world } = this.#shell;
    const { kernel, scenario } = world;
    if (!found && world.chance(scenario.rates.frameCorrupt)) {
      // Ignored by the shell: the core hears of the missing results by the child's end.
      kernel.seen("frame corrupt");
      for (const { task } of frame.results) this.#mishap(child, task);
      for (const index of frame.notStarted) this.#mishap(child, index);
      world.store.delete(frame.key);
      return;
    }
    untold.frames.push(frame);
    if (scenario.core.backend.pushes === true && world.chance(scenario.rates.hintLost)) {
      kernel.seen("hint lost");
      return;
    }
    this.#later(child, () => this.#tellFrame(child, untold, frame));
    if (world.chance(scenario.rates.hintRepeated)) this.#later(child, () => this.#repeatFrame(untold, frame));
  }

  changed(child: FakeChild, change: ChildChange): void {
    const untold = this.#of(child);
    this.#later(child, () => {
      if (untold.over) return;
      if (change.state === "running") {
        this.#tellChange(child, change);
        return;
      }
      while (untold.frames.length > 0) {
        const frame = this.#shell.world.kernel.random.pick(untold.frames);
        this.#tellFrame(child, untold, frame);
        if (!this.#shell.alive) return;
      }
      untold.over = true;
      this.#untold.delete(child);
      for (const task of child.tasks) this.#closeSeats(child, task.seats);
      this.#tellChange(child, change);
    });
  }

  #mishap(child: FakeChild, index: number): void {
    const task = child.tasks[index];
    if (task !== undefined) this.#shell.world.executions.mishap(this.shell, task);
  }

  #of(child: FakeChild): Untold {
    let untold = this.#untold.get(child);
    if (untold === undefined) {
      untold = { frames: [], told: 0, over: false };
      this.#untold.set(child, untold);
    }
    return untold;
  }

  #tellChange(child: FakeChild, change: ChildChange): void {
    if (!this.#shell.jobs.answered(child.job)) this.#shell.world.kernel.seen("child event before its submit answer");
    this.#shell.post({ type: "child", change });
  }

  #tellFrame(child: FakeChild, untold: Untold, frame: Frame): void {
    const at = untold.frames.indexOf(frame);
    if (at < 0) return;
    const { world } = this.#shell;
    if (at > 0) world.kernel.seen("hints out of order");
    untold.frames.splice(at, 1);
    untold.told += 1;
    for (const result of frame.results) {
      const task = child.tasks[result.task];
      if (task === undefined) continue;
      // Results of what was given up are nobody's.
      const wanted = task.seats.some((seat) => seat.child === child && seat.open);
      if (wanted && result.status !== "died" && !task.frames.includes(frame.key)) {
        task.frames.push(frame.key);
        task.finished = true;
      }
      this.#closeSeats(child, task.seats);
    }
    for (const index of frame.notStarted) this.#closeSeats(child, child.tasks[index]?.seats ?? []);
    this.#shell.post(frame);
  }

  #repeatFrame(untold: Untold, frame: Frame): void {
    if (untold.over || untold.frames.includes(frame)) return;
    this.#shell.world.kernel.seen("hint repeated");
    this.#shell.post(frame);
  }

  #closeSeats(child: FakeChild, seats: { readonly child: FakeChild; open: boolean }[]): void {
    for (const seat of seats) if (seat.child === child) seat.open = false;
  }

  /** Backends that push tell soon; the others when they are asked next, and only of jobs that are known to exist. */
  #later(child: FakeChild, tell: () => void): void {
    const { kernel, scenario } = this.#shell.world;
    const { pushes, pollMs } = scenario.core.backend;
    const delay =
      pushes === true
        ? kernel.random.spread(0.1, 50)
        : pollMs - (kernel.now % pollMs) + kernel.random.spread(1, pollMs / 4);
    this.#shell.after(delay, () => {
      if (pushes === true || this.#shell.jobs.answered(child.job)) tell();
      else this.#later(child, tell);
    });
  }
}
