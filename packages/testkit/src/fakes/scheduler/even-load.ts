interface Load {
  readonly worker: string;
  readonly queueSize: number;
  /** In the order of assignment. */
  readonly tasks: Set<string>;
  /** Among equally loaded workers the lowest is asked first; grows whenever the worker is put back into the order. */
  turn: number;
}

/** The `even_load` allocation policy: the next task goes to the worker with the fewest, whatever its slots. */
export class EvenLoad {
  readonly #loads = new Map<string, Load>();
  readonly #holders = new Map<string, Load>();
  #turn = 0;

  /** `false` when the worker is known already: only the first heartbeat of an id sets its queue size. */
  addWorker(worker: string, queueSize: number): boolean {
    if (this.#loads.has(worker)) return false;
    this.#loads.set(worker, { worker, queueSize, tasks: new Set(), turn: this.#turn++ });
    return true;
  }

  /** Forgets a worker and returns the tasks that it held, oldest first. */
  removeWorker(worker: string): readonly string[] {
    const load = this.#loads.get(worker);
    if (load === undefined) return [];
    this.#loads.delete(worker);
    for (const task of load.tasks) this.#holders.delete(task);
    return [...load.tasks];
  }

  workers(): Iterable<string> {
    return this.#loads.keys();
  }

  has(worker: string): boolean {
    return this.#loads.has(worker);
  }

  holder(task: string): string | undefined {
    return this.#holders.get(task)?.worker;
  }

  /** How many tasks a worker holds. */
  held(worker: string): number {
    return this.#loads.get(worker)?.tasks.size ?? 0;
  }

  /** The worker that now holds the task; `undefined` when the least loaded one is full. */
  assign(task: string): string | undefined {
    const held = this.#holders.get(task);
    if (held !== undefined) return held.worker;
    let least: Load | undefined;
    for (const load of this.#loads.values()) {
      if (least === undefined || before(load, least)) least = load;
    }
    if (least === undefined) return undefined;
    least.turn = this.#turn++;
    if (least.tasks.size === least.queueSize) return undefined;
    least.tasks.add(task);
    this.#holders.set(task, least);
    return least.worker;
  }

  /** Frees the room that a task takes. */
  removeTask(task: string): void {
    const load = this.#holders.get(task);
    if (load === undefined) return;
    this.#holders.delete(task);
    load.tasks.delete(task);
    load.turn = this.#turn++;
  }

  /** Which tasks should leave which workers for the sake of idle ones: the youngest of the fullest. */
  advice(): ReadonlyMap<string, readonly string[]> {
    const moves = new Map<string, readonly string[]>();
    for (const [load, count] of this.#moveCounts()) {
      if (count > 0) moves.set(load.worker, [...load.tasks].slice(-count));
    }
    return moves;
  }

  #moveCounts(): ReadonlyMap<Load, number> {
    const counts = new Map<Load, number>();
    let queued = 0;
    let idle = 0;
    for (const { tasks } of this.#loads.values()) {
      queued += Math.max(0, tasks.size - 1);
      if (tasks.size === 0) idle += 1;
    }
    if (queued === 0 || idle === 0) return counts;
    const mean = Math.ceil(queued / this.#loads.size);
    let over = 0;
    for (const load of this.#loads.values()) {
      const count = Math.max(0, load.tasks.size - 1 - mean);
      counts.set(load, count);
      over += count;
    }
    let missing = Math.min(idle, queued) - over;
    for (const [load, count] of counts) {
      if (missing <= 0) break;
      const more = Math.min(missing, Math.max(0, load.tasks.size - 1) - count);
      if (more < 1) continue;
      counts.set(load, count + more);
      missing -= more;
    }
    return counts;
  }
}

function before(left: Load, right: Load): boolean {
  const difference = left.tasks.size - right.tasks.size;
  return difference < 0 || (difference === 0 && left.turn < right.turn);
}
