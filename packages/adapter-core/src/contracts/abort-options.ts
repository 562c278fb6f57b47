/** Ends every asynchronous signature that can wait. The promise then rejects with the signal's own reason. */
export interface AbortOptions {
  readonly signal?: AbortSignal | undefined;
}
