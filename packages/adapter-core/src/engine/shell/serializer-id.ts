import { createHash } from "node:crypto";
import type { ObjectId, SourceId } from "../core/ids.ts";

const SERIALIZER = createHash("md5").update("serializer").digest("hex");

/** The first 16 bytes, in hex, of the id of every object that a client owns: MD5 of its identity. */
export function ownerOf(source: SourceId): string {
  return createHash("md5").update(Buffer.from(source, "hex")).digest("hex");
}

/** Id of a client's serializer object: owner, then MD5 of the word `serializer` (Scaler's `ObjectID.generate_serializer_object_id`). */
export function serializerId(source: SourceId): ObjectId {
  return ownerOf(source) + SERIALIZER;
}
