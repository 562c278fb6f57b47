/** Time, as a client takes it. All in milliseconds. */
export interface ClientClock {
  /** Monotonic; comparable only with other readings of this clock. */
  now(): number;
  /** Runs `action` once. @returns what cancels it */
  after(ms: number, action: () => void): () => void;
  /** Runs `action` again and again. @returns what ends that */
  every(ms: number, action: () => void): () => void;
  /** Runs `action` once the present turn of the event loop is over. */
  soon(action: () => void): void;
}

/** Real time. What is pending keeps the process alive. */
export const systemClock: ClientClock = {
  now: () => performance.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
  every: (ms, action) => {
    const timer = setInterval(action, ms);
    return () => clearInterval(timer);
  },
  soon: (action) => {
    setImmediate(action);
  },
};
