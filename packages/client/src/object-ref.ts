import { ClientError } from "./client-error.ts";
import type { StoredObject } from "./session/object-table.ts";
import type { Session } from "./session/session.ts";

/** A value that lies in the cluster's object storage, uploaded once: pass it to any number of tasks in the place of the value. */
export class ObjectRef<Value = unknown> {
  /** What it stands for, to the type checker alone. */
  declare readonly value: Value;
  /** Object id: 64 lower-case hex digits. */
  readonly id: string;
  /** Size of its bytes in the storage. */
  readonly byteLength: number;
  readonly #session: Session;
  readonly #object: StoredObject;
  #released = false;

  /** For the client: see `Client.put`. */
  constructor(session: Session, object: StoredObject) {
    this.id = object.id;
    this.byteLength = object.byteLength;
    this.#session = session;
    this.#object = object;
  }

  /** Deletes the value everywhere, once no open task needs it and no equal value that was put is left. It can be given to no more tasks. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#session.remove(this.#object);
  }

  /** For the client: the object, if it is one of `session` and still there. @throws {ClientError} `config` */
  objectFor(session: Session, what: string): StoredObject {
    if (this.#session !== session) {
      throw new ClientError(
        "config",
        `${what} was put by another client: its values are its own, put it again with this one`,
      );
    }
    if (this.#released || !session.has(this.#object))
      throw new ClientError("config", `${what} was released or cleared: put it again`);
    return this.#object;
  }
}
