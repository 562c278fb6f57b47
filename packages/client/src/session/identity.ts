import { createHash, randomBytes } from "node:crypto";
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

/** A new task id: 16 random bytes, lower-case hex. */
export const randomTaskId = (): string => randomBytes(16).toString("hex");

/** A new identity. @throws {ClientError} `config` for a name that is empty, too long, or has a `|` */
export function newIdentity(name?: string): ClientIdentity {
  if (name !== undefined && (name === "" || name.includes("|") || Buffer.byteLength(name) > MAX_NAME_BYTES)) {
    const expected = `expected 1 to ${MAX_NAME_BYTES} bytes without "|"`;
    throw new ClientError("config", `name of a client: ${expected}, got ${JSON.stringify(name)}`);
  }
  const unique = randomBytes(16).toString("hex");
  const text = name === undefined ? `Client|${unique}` : `Client|${name}|${unique}`;
  const owner = md5(text);
  return {
    text,
    hex: Buffer.from(text, "utf8").toString("hex"),
    serializerId: `${owner}${md5("serializer")}`,
    newObjectId: () => `${owner}${randomBytes(16).toString("hex")}`,
  };
}
