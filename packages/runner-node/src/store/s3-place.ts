import { RunnerError } from "../runner-error.ts";
import { HttpClient } from "./http-client.ts";
import { percentPath } from "./sign.ts";

/** Where a store's objects are. */
export interface S3Place {
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  /** Account of the bucket; `-` when unknown. */
  readonly owner: string;
  readonly client: HttpClient;
  /** What stands before a key in the path of its requests, encoded. */
  readonly before: string;
}

const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;
const REGION = /^[a-z0-9-]{2,64}$/;

/** Finds the bucket of a locator, on AWS or at the endpoint of the environment. @throws {RunnerError} `store` */
export function s3Place(locator: Readonly<Record<string, unknown>>, environment: NodeJS.ProcessEnv): S3Place {
  const { bucket, prefix, region, owner } = locator;
  if (![bucket, prefix, region, owner].every((text) => typeof text === "string")) {
    throw new RunnerError("store", "the s3 store needs bucket, prefix, region and owner");
  }
  const place = { bucket: String(bucket), prefix: String(prefix), region: String(region), owner: String(owner) };
  if (!BUCKET.test(place.bucket) || !REGION.test(place.region)) {
    throw new RunnerError("store", "not the name of a bucket, or of a region");
  }
  const endpoint = environment.AWS_ENDPOINT_URL_S3 || environment.AWS_ENDPOINT_URL;
  const host = `s3.${place.region}.amazonaws.com${place.region.startsWith("cn-") ? ".cn" : ""}`;
  // A certificate covers one label.
  const byPath = endpoint || place.bucket.includes(".");
  const client = new HttpClient(endpoint || `https://${byPath ? "" : `${place.bucket}.`}${host}`);
  const path = `${client.path}${byPath ? `/${place.bucket}` : ""}`;
  const before = `${path}/${place.prefix === "" ? "" : `${place.prefix}/`}`;
  return { ...place, client, before: percentPath(before) };
}
