import type { SchedulerMessage } from "@scaler-aws-hpc/scaler-protocol";

/** The scheduler, as a session needs it. */
export interface SchedulerPort {
  /** Queues a message. Messages arrive in order, or not at all once the link is lost. */
  send(message: SchedulerMessage): void;
  /** Resolves once little enough waits to be sent. Rejects when the link is lost. */
  drained(): Promise<void>;
  /** Sends what is queued and ends the link. */
  close(): Promise<void>;
}

/** The object storage, as a session needs it. Ids are 64 lower-case hex digits. */
export interface StoragePort {
  /** Resolves once the object is stored. */
  set(id: string, bytes: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<void>;
  get(id: string, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array>;
  delete(ids: readonly string[]): Promise<unknown>;
  close(): Promise<void>;
}
