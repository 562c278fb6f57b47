import { createHash, randomFillSync } from "node:crypto";
import { ClientError } from "../client-error.ts";

/** A name on the wire has at most 255 bytes; the rest of an identity takes 40. */
const MAX_NAME_BYTES = 200;

/** Who a client is on the wire: `Client|<32 hex>`, or `Client|<name>|<32 hex>`, as the released client calls itself. */
export interface ClientIdentity {
  readonly text: string;
  /** The same, as messages hold it: lower-case hex. */
  readonly hex: string;
  /** Id of this client's serializer object. */
  readonly serializerId: string;
  /** A new object id of this client: MD5 of the identity, then 16 random bytes. */
  newObjectId(): string;
}

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

const ID_BYTES = 16;
// Asking the system for each id would cost as much as all the rest of a submit.
const pool = Buffer.alloc(256 * ID_BYTES);
let used = pool.length;

/** 16 random bytes, lower-case hex: a task id, or the unique part of another. */
export function random16(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.toString("hex", used - ID_BYTES, used);
}

/** A new identity. @throws {ClientError} `config` for a name that is empty, too long, or has a `|` */
export function newIdentity(name?: string, newId = random16): ClientIdentity {
  if (name !== undefined && (name === "" || name.includes("|") || Buffer.byteLength(name) > MAX_NAME_BYTES)) {
    const expected = `expected 1 to ${MAX_NAME_BYTES} bytes without "|"`;
    throw new ClientError("config", `name of a client: ${expected}, got ${JSON.stringify(name)}`);
  }
  const unique = newId();
  const text = name === undefined ? `Client|${unique}` : `Client|${name}|${unique}`;
  const owner = md5(text);
  return {
    text,
    hex: Buffer.from(text, "utf8").toString("hex"),
    serializerId: `${owner}${md5("serializer")}`,
    newObjectId: () => `${owner}${newId()}`,
  };
}
