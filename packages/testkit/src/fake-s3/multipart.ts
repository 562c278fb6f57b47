import { createHash, randomUUID } from "node:crypto";
import { metadataOf, type S3Answer, type S3Call } from "./call.ts";
import { type ObjectTable, unquoted } from "./object-table.ts";
import { S3Refusal } from "./s3-refusal.ts";
import { document, element, textsOf } from "./xml.ts";

interface Upload {
  readonly id: string;
  readonly key: string;
  readonly contentType: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly bytes: Buffer; readonly etag: string }>;
}

/** The uploads of one bucket that are under way. */
export class Multipart {
  readonly #uploads = new Map<string, Upload>();
  readonly #leastPart: number;

  /** @param leastPart - bytes that each part but the last has to have; S3 asks for 5 MiB. */
  constructor(leastPart: number) {
    this.#leastPart = leastPart;
  }

  /** Uploads that nobody completed or aborted: they cost money until a lifecycle rule takes them. */
  open(): readonly string[] {
    return [...this.#uploads.values()].map(({ key }) => key);
  }

  create(call: S3Call): S3Answer {
    const id = randomUUID();
    const contentType = call.headers["content-type"];
    this.#uploads.set(id, { id, key: call.key, contentType, metadata: metadataOf(call), parts: new Map() });
    return xml(
      document(
        "InitiateMultipartUploadResult",
        element("Bucket", call.bucket) + element("Key", call.key) + element("UploadId", id),
      ),
    );
  }

  /** @throws {S3Refusal} `NoSuchUpload`, `InvalidArgument` */
  part(call: S3Call): S3Answer {
    const upload = this.#find(call);
    const number = Number(call.query.get("partNumber"));
    if (!Number.isInteger(number) || number < 1 || number > 10_000)
      throw new S3Refusal("InvalidArgument", 400, "Part number must be an integer between 1 and 10000, inclusive");
    const etag = `"${createHash("md5").update(call.body).digest("hex")}"`;
    upload.parts.set(number, { bytes: call.body, etag });
    return { status: 200, headers: { etag } };
  }

  /** @throws {S3Refusal} `InvalidPart`, `InvalidPartOrder`, `EntityTooSmall`, and what a conditional put is refused with */
  complete(call: S3Call, objects: ObjectTable): S3Answer {
    const upload = this.#find(call);
    const asked = textsOf(call.body.toString("utf8"), "Part").map((part) => ({
      number: Number(textsOf(part, "PartNumber")[0]),
      etag: textsOf(part, "ETag")[0] ?? "",
    }));
    if (asked.length === 0) throw new S3Refusal("MalformedXML", 400, "The XML you provided was not well-formed.");
    if (asked.some(({ number }, at) => at > 0 && number <= (asked[at - 1]?.number ?? 0)))
      throw new S3Refusal("InvalidPartOrder", 400, "The list of parts was not in ascending order.");
    const pieces = asked.map(({ number, etag }, at) => {
      const part = upload.parts.get(number);
      if (part === undefined || unquoted(part.etag) !== unquoted(etag))
        throw new S3Refusal("InvalidPart", 400, "One or more of the specified parts could not be found.");
      if (at < asked.length - 1 && part.bytes.length < this.#leastPart)
        throw new S3Refusal("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size");
      return part;
    });
    const digests = Buffer.concat(pieces.map(({ etag }) => Buffer.from(unquoted(etag), "hex")));
    const etag = `"${createHash("md5").update(digests).digest("hex")}-${pieces.length}"`;
    objects.put(call.key, Buffer.concat(pieces.map(({ bytes }) => bytes)), {
      ifMatch: call.headers["if-match"],
      ifNoneMatch: call.headers["if-none-match"],
      contentType: upload.contentType,
      metadata: upload.metadata,
      etag,
    });
    this.#uploads.delete(upload.id);
    return xml(
      document(
        "CompleteMultipartUploadResult",
        element("Bucket", call.bucket) + element("Key", call.key) + element("ETag", etag),
      ),
    );
  }

  /** @throws {S3Refusal} `NoSuchUpload` */
  abort(call: S3Call): S3Answer {
    this.#uploads.delete(this.#find(call).id);
    return { status: 204 };
  }

  list(call: S3Call): S3Answer {
    const uploads = [...this.#uploads.values()].map(
      ({ id, key }) => `<Upload>${element("Key", key)}${element("UploadId", id)}</Upload>`,
    );
    const inner = element("Bucket", call.bucket) + element("IsTruncated", false) + uploads.join("");
    return xml(document("ListMultipartUploadsResult", inner));
  }

  #find(call: S3Call): Upload {
    const upload = this.#uploads.get(call.query.get("uploadId") ?? "");
    if (upload === undefined || upload.key !== call.key)
      throw new S3Refusal("NoSuchUpload", 404, "The specified upload does not exist.");
    return upload;
  }
}

function xml(body: string): S3Answer {
  return { status: 200, headers: { "content-type": "application/xml" }, body };
}
