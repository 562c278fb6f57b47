import { ProtocolError } from "../protocol-error.ts";
import { orAbort } from "./abort.ts";

/** Lets waiters pass while little enough is queued, and fails them for good once the connection is over. */
export class DrainGate {
  readonly #isOpen: () => boolean;
  #waiting: PromiseWithResolvers<void> | undefined;
  #failure: ProtocolError | undefined;

  /** @param isOpen says whether a waiter may pass now; asked again at each {@link progress} */
  constructor(isOpen: () => boolean) {
    this.#isOpen = isOpen;
  }

  /** @throws {ProtocolError} `closed`, or whatever ended the connection */
  async pass(options?: { readonly signal?: AbortSignal | undefined }): Promise<void> {
    options?.signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isOpen()) return;
    this.#waiting ??= Promise.withResolvers<void>();
    await orAbort(this.#waiting.promise, options?.signal);
  }

  /** Something left the queue. */
  progress(): void {
    if (this.#waiting === undefined || !this.#isOpen()) return;
    this.#waiting.resolve();
    this.#waiting = undefined;
  }

  /** The connection is over. */
  fail(reason: ProtocolError | undefined): void {
    this.#failure ??= reason ?? new ProtocolError("closed", "the connection was closed by this side");
    // A gate that nobody waits at any more (an aborted waiter) must not become an unhandled rejection.
    this.#waiting?.promise.catch(() => {});
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
  }
}
