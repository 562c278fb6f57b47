import { metadataOf, type S3Answer, type S3Call } from "./call.ts";
import { listObjects } from "./list-objects.ts";
import { Multipart } from "./multipart.ts";
import { ObjectTable } from "./object-table.ts";
import { readObject } from "./read-object.ts";
import { S3Refusal } from "./s3-refusal.ts";
import { document, element, textsOf } from "./xml.ts";

/** A bucket's account, its region and its objects. */
export class Bucket {
  readonly name: string;
  readonly owner: string;
  readonly region: string;
  readonly objects = new ObjectTable();
  readonly uploads: Multipart;

  constructor(name: string, options: { readonly owner: string; readonly region: string; readonly leastPart: number }) {
    this.name = name;
    this.owner = options.owner;
    this.region = options.region;
    this.uploads = new Multipart(options.leastPart);
  }

  /** @throws {S3Refusal} */
  answer(call: S3Call): S3Answer {
    const expected = call.headers["x-amz-expected-bucket-owner"];
    if (expected !== undefined && expected !== this.owner) throw new S3Refusal("AccessDenied", 403, "Access Denied");
    if (Buffer.byteLength(call.key) > 1024) throw new S3Refusal("KeyTooLongError", 400, "Your key is too long");
    switch (call.operation) {
      case "GetObject":
      case "HeadObject":
        return readObject(call, this.objects);
      case "PutObject":
        return this.#put(call);
      case "DeleteObject":
        this.objects.delete(call.key);
        return { status: 204 };
      case "DeleteObjects":
        return this.#deleteMany(call);
      case "ListObjectsV2":
        return listObjects(call, this.objects);
      case "CreateMultipartUpload":
        return this.uploads.create(call);
      case "UploadPart":
        return this.uploads.part(call);
      case "CompleteMultipartUpload":
        return this.uploads.complete(call, this.objects);
      case "AbortMultipartUpload":
        return this.uploads.abort(call);
      case "ListMultipartUploads":
        return this.uploads.list(call);
      case "HeadBucket":
        return { status: 200, headers: { "x-amz-bucket-region": this.region } };
      case "GetBucketLocation":
        // The oldest region has no name here.
        return {
          status: 200,
          body: document("LocationConstraint", this.region === "us-east-1" ? "" : this.region),
          headers: { "content-type": "application/xml" },
        };
      default:
        throw new S3Refusal("NotImplemented", 501, "A header or query you provided is not implemented by this fake.");
    }
  }

  #put(call: S3Call): S3Answer {
    if (call.headers["x-amz-copy-source"] !== undefined)
      throw new S3Refusal("NotImplemented", 501, "CopyObject is not implemented by this fake.");
    const { etag, crc32 } = this.objects.put(call.key, call.body, {
      ifMatch: call.headers["if-match"],
      ifNoneMatch: call.headers["if-none-match"],
      contentType: call.headers["content-type"],
      metadata: metadataOf(call),
    });
    return { status: 200, headers: { etag, ...(crc32 === undefined ? {} : { "x-amz-checksum-crc32": crc32 }) } };
  }

  #deleteMany(call: S3Call): S3Answer {
    const text = call.body.toString("utf8");
    const keys = textsOf(text, "Object").map((object) => textsOf(object, "Key")[0] ?? "");
    if (keys.length === 0 || keys.length > 1_000)
      throw new S3Refusal("MalformedXML", 400, "The XML you provided was not well-formed.");
    // S3 wants at least one of them: bodies of this request are never left unprotected.
    const protectedBy = Object.keys(call.headers).some((name) =>
      /^(?:content-md5|x-amz-checksum-|x-amz-trailer)/.test(name),
    );
    if (!protectedBy)
      throw new S3Refusal("InvalidRequest", 400, "Missing required header for this request: Content-MD5");
    for (const key of keys) this.objects.delete(key);
    const quiet = textsOf(text, "Quiet")[0] === "true";
    const inner = quiet ? "" : keys.map((key) => `<Deleted>${element("Key", key)}</Deleted>`).join("");
    return { status: 200, headers: { "content-type": "application/xml" }, body: document("DeleteResult", inner) };
  }
}
