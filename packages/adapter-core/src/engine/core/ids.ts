/** Lower-case hex of the 16 bytes that name a task. */
export type TaskId = string;
/** Lower-case hex of the 32 bytes that name an object. */
export type ObjectId = string;
/** Lower-case hex of a client's identity. */
export type SourceId = string;
/** The identity of one of our connections, as text: `Worker|<name>|<32 hex>`. */
export type WorkerId = string;
