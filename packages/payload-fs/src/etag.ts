/** Objects up to this size, in bytes, are always read whole: their etag is their digest. Leases, which are compared and set, are small. */
export const SMALL_BYTES: number = 64 * 1024;

/** Etag of an object of at most {@link SMALL_BYTES}: equal bytes have equal etags, as on S3. */
export function smallEtag(sha256: string): string {
  return `h${sha256.slice(0, 32)}`;
}

/**
 * Etag of a larger object, from its file: every put makes a new file. A file that got the number of one just deleted, in the same tick of
 * the file system's clock and with the same size, would pass for it; large objects are never compared and set here.
 */
export function largeEtag(file: { readonly ino: bigint; readonly mtimeNs: bigint; readonly size: bigint }): string {
  return `f${file.ino.toString(36)}-${file.mtimeNs.toString(36)}-${file.size.toString(36)}`;
}
