/** How long a process of a test lives: it ends at a chosen step, between any two of its effects. */
export class Life {
  /** Steps so far: each call of a port is one before it is made, and one before its answer is heard. */
  steps = 0;
  dead = false;
  #stopped: PromiseWithResolvers<void> | undefined;
  readonly #endsAt: number;
  readonly #onEnd: () => void;

  /** @param endsAt the step at which everything stops, without a word */
  constructor(endsAt: number = Number.POSITIVE_INFINITY, onEnd: () => void = () => {}) {
    this.#endsAt = endsAt;
    this.#onEnd = onEnd;
  }

  /** Whether the process is still there for this step. */
  step(): boolean {
    if (this.dead) return false;
    this.steps += 1;
    if (this.steps >= this.#endsAt) this.end();
    return !this.dead;
  }

  /** Stands still, as with SIGSTOP: nothing is heard and no timer fires before {@link resume}. */
  pause(): void {
    this.#stopped ??= Promise.withResolvers();
  }

  resume(): void {
    this.#stopped?.resolve();
    this.#stopped = undefined;
  }

  /** Resolves once the process does not stand still; undefined when it does not. */
  get awake(): Promise<void> | undefined {
    return this.#stopped?.promise;
  }

  /** As a power failure does it. */
  end(): void {
    if (this.dead) return;
    this.dead = true;
    this.#onEnd();
  }
}

const never = new Promise<never>(() => {});

/** The port as a process sees it: after its death no call has an effect, and no answer is heard. `counts`: calls are steps. */
export function mortal<T extends object>(target: T, life: Life, counts = true): T {
  return new Proxy(target, {
    get(whole, name) {
      const value: unknown = Reflect.get(whole, name, whole);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        if (counts ? !life.step() : life.dead) return name === "now" ? Reflect.apply(value, whole, args) : never;
        const { awake } = life;
        // Only handlers are called while the process stands still; they hear it later, in order.
        if (awake !== undefined && "down" in whole)
          return void awake.then(() => life.dead || Reflect.apply(value, whole, args));
        const heard = args.map((arg) => (isHandlers(arg) ? mortal(arg, life, false) : arg));
        const answer: unknown = Reflect.apply(value, whole, heard);
        if (isIterable(answer)) return listed(answer, life);
        if (!(answer instanceof Promise)) return answer;
        return answer.then(
          async (result: unknown) => {
            await life.awake;
            if (counts ? !life.step() : life.dead) return never;
            return name === "open" || name === "openManager" ? mortal(result as object, life) : result;
          },
          async (reason: unknown) => {
            await life.awake;
            if (life.dead) return never;
            throw reason;
          },
        );
      };
    },
  });
}

async function* listed(source: AsyncIterable<unknown>, life: Life): AsyncGenerator<unknown, void, undefined> {
  for await (const one of source) {
    if (life.dead) await never;
    yield one;
  }
  if (life.dead) await never;
}

function isHandlers(arg: unknown): arg is object {
  return typeof arg === "object" && arg !== null && "down" in arg;
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
