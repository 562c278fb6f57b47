/** What a client has done so far. */
export interface ClientStats {
  /** Objects stored: functions, arguments, values put. Equal ones count once. */
  readonly uploadedObjects: number;
  /** Bytes of those objects. */
  readonly uploadedBytes: number;
  /** Results and failures read. */
  readonly downloadedObjects: number;
  readonly downloadedBytes: number;
  /** Tasks submitted. */
  readonly submitted: number;
  /** Tasks that have not ended. */
  readonly open: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly canceled: number;
}
