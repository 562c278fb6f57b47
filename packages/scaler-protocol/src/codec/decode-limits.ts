/** Bounds on what a frame from the network may ask of the decoder. Each is checked before anything is allocated for it. */
export interface DecodeLimits {
  /** Bytes of one frame. @default 67_108_864 (64 MiB, Cap'n Proto's own traversal limit) */
  readonly maxFrameBytes: number;
  /** Segments of one frame. @default 512 (as in the C++ implementation) */
  readonly maxSegments: number;
  /** Elements of one list. @default 1_048_576 */
  readonly maxListLength: number;
  /** Bytes of one text, without its final NUL. @default 16_777_216 */
  readonly maxTextBytes: number;
  /** Bytes of one id, name or metadata field. @default 1_048_576 */
  readonly maxDataBytes: number;
  /** Structs and lists inside each other: message 1, its body 2, a list in it 3, that list's elements 4. @default 64 */
  readonly maxDepth: number;
  /**
   * Bytes visited, as a multiple of the frame's own. An honest frame refers to each of its bytes once;
   * pointers that share a target would let a small frame become a large message. @default 2
   */
  readonly maxAmplification: number;
}

/** The bounds that hold where the caller gives none; spread it to change one. */
export const DEFAULT_DECODE_LIMITS: DecodeLimits = Object.freeze({
  maxFrameBytes: 64 * 1024 * 1024,
  maxSegments: 512,
  maxListLength: 1024 * 1024,
  maxTextBytes: 16 * 1024 * 1024,
  maxDataBytes: 1024 * 1024,
  maxDepth: 64,
  maxAmplification: 2,
});
