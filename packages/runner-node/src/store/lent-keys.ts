import type { AccessKeys } from "./sign.ts";

/** Keys, and until when they are good; milliseconds since the epoch. */
export interface LentKeys {
  readonly keys: AccessKeys;
  readonly expires: number | undefined;
}

/** Reads the answer of an endpoint. @throws {Error} for one that makes no sense */
export function readKeys(body: Uint8Array): LentKeys {
  const found = JSON.parse(Buffer.from(body).toString("utf8")) as Readonly<Record<string, unknown>>;
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: token, Expiration: expiration } = found;
  if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string") {
    throw new Error("an answer that makes no sense");
  }
  const expires = typeof expiration === "string" ? Date.parse(expiration) : Number.NaN;
  return {
    keys: { accessKeyId, secretAccessKey, sessionToken: typeof token === "string" && token !== "" ? token : undefined },
    expires: Number.isNaN(expires) ? undefined : expires,
  };
}
