import { gunzipSync } from "node:zlib";
import type { PackObject } from "../messages/pack.ts";

/** The objects of a pack, uncompressed when they are first asked for. */
export class PackObjects {
  readonly #objects: readonly PackObject[];
  readonly #plain = new Map<number, Uint8Array>();

  constructor(objects: readonly PackObject[]) {
    this.#objects = objects;
  }

  /** @throws {Error} for bytes that are not gzip of the declared size */
  get(index: number): Uint8Array {
    const known = this.#plain.get(index);
    if (known !== undefined) return known;
    const object = this.#objects[index];
    if (object === undefined) throw new RangeError(`the pack has no object ${index}`);
    const plain = object.gzip ? gunzip(object) : object.bytes;
    this.#plain.set(index, plain);
    return plain;
  }
}

function gunzip({ bytes, raw }: PackObject): Uint8Array {
  const plain = gunzipSync(bytes, { maxOutputLength: Math.max(raw, 1) });
  if (plain.length === raw) return plain;
  throw new RangeError(`an object has ${plain.length} bytes instead of ${raw}`);
}
