/** A task that a suite can have a backend's runner run: the bytes of a function and of its arguments, as a client would store them. */
export interface WorkloadCall {
  readonly fn: Uint8Array;
  readonly args: readonly Uint8Array[];
}

/** Tasks for the runner of the backend under test. */
export interface Workload {
  /** Name of the runner's record. */
  readonly runner: string;
  /** The client's serializer object. */
  readonly serializer: Uint8Array;
  /** Returns its argument; the suite looks for the text in the bytes of the result. */
  echo(text: string): WorkloadCall;
  /** Returns after `ms` milliseconds. */
  sleep(ms: number): WorkloadCall;
  /** Raises an exception; the suite looks for the text in its bytes. */
  raise(text: string): WorkloadCall;
  /** Ends its process at once with this exit code. */
  exit(code: number): WorkloadCall;
}
