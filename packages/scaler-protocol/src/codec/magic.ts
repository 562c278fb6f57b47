/**
 * Which numbering of the message union a peer speaks: the fourth byte of its greeting `59 4D 51 xx`.
 * 1 is Scaler up to 2.6, 2 is 2.8 and later (seen on 2.0.2, 2.3.5, 2.6.0, 2.8.0, 2.9.0).
 */
export type Magic = 1 | 2;
