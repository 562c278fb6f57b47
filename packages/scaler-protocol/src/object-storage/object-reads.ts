import { ProtocolError } from "../protocol-error.ts";
import { orAbort } from "../transport/abort.ts";
import type { Budget } from "./budget.ts";
import type { PendingRequests } from "./pending-requests.ts";
import type { StorageLink } from "./storage-link.ts";

interface Read {
  /** Longest object that this read tells from a longer one, in bytes. */
  readonly maxBytes: number;
  readonly body: Promise<Buffer>;
  readonly stop: AbortController;
  waiters: number;
  over: boolean;
}

/** Bodies up to this length come as views of a receive buffer, which a small one should not keep in memory. */
const COPY_BYTES = 16 * 1024;

/** Reads whole objects, each at most once at a time however many ask for it. */
export class ObjectReads {
  readonly #pending: PendingRequests;
  readonly #link: StorageLink;
  readonly #slots: Budget;
  readonly #byObject = new Map<string, Read>();

  constructor(pending: PendingRequests, link: StorageLink, slots: Budget) {
    this.#pending = pending;
    this.#link = link;
    this.#slots = slots;
  }

  /**
   * Reads one object, joining a read of it that is under way if that would tell as much.
   *
   * @returns bytes that other callers may hold as well
   * @throws {ProtocolError} `limit` for a longer object; the signal's reason, which leaves other callers alone
   */
  async read(objectId: string, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    const current = this.#byObject.get(objectId);
    const read = current !== undefined && current.maxBytes >= maxBytes ? current : this.#start(objectId, maxBytes);
    read.waiters += 1;
    try {
      const body = await orAbort(read.body, signal);
      if (body.length <= maxBytes) return body;
      throw new ProtocolError("limit", `object ${objectId} is longer than the ${maxBytes} bytes accepted`);
    } finally {
      read.waiters -= 1;
      if (read.waiters === 0 && !read.over) {
        this.#forget(objectId, read);
        read.stop.abort(new ProtocolError("closed", "nobody waits any more"));
      }
    }
  }

  #start(objectId: string, maxBytes: number): Read {
    const stop = new AbortController();
    const read: Read = { maxBytes, body: this.#fetch(objectId, maxBytes, stop.signal), stop, waiters: 0, over: false };
    this.#byObject.set(objectId, read);
    // Who asks after the answer came gets a read of its own: the object may have been replaced.
    read.body.then(
      () => this.#forget(objectId, read),
      () => this.#forget(objectId, read),
    );
    return read;
  }

  #forget(objectId: string, read: Read): void {
    read.over = true;
    if (this.#byObject.get(objectId) === read) this.#byObject.delete(objectId);
  }

  async #fetch(objectId: string, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    const release = await this.#slots.take(1, signal);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const requestId = this.#pending.add(
      {
        requestType: "getObject",
        objectId,
        // The server cuts what is longer, without a word: one byte more tells the two apart.
        payloadLength: maxBytes + 1,
        payload: undefined,
        accepts: ["getOK"],
        settle: (_header, body) => resolve(own(body)),
        fail: reject,
      },
      this.#link.connection,
    );
    try {
      return await orAbort(promise, signal);
    } finally {
      this.#pending.abandon(requestId);
      release();
    }
  }
}

function own(body: Uint8Array): Buffer {
  return body.length <= COPY_BYTES ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.length);
}
