import { DeleteBucketLifecycleCommand } from "@aws-sdk/client-s3";
import type { DoctorBed } from "../doctor-bed.ts";
import { blockPublicAccess, NAMES, putLifecycle } from "../healthy-account.ts";
import { type Case, deny, flags, noSuch } from "./broken.ts";

/** The bucket. */
export const S3: readonly Case[] = [
  {
    what: "the bucket is not there",
    breakIt: flags({ "s3-bucket": "no-such-bucket-here" }),
    ids: ["s3-bucket"],
    says: /does not exist; create it or name another/,
    exit: 78,
  },
  {
    what: "the bucket may not be listed",
    breakIt: deny("s3:GET:list-type"),
    ids: ["s3-bucket"],
    says: /s3:ListBucket on bucket .* is denied/,
    exit: 77,
  },
  {
    what: "the bucket is in another region",
    breakIt: (bed) => {
      const headers = { "x-amz-bucket-region": "us-west-2" };
      const body = "<Error><Code>PermanentRedirect</Code></Error>";
      bed.proxy.rule("s3:GET:list-type", () => ({ status: 301, headers, body }));
      return {};
    },
    ids: ["s3-bucket"],
    says: /is not in eu-central-1; use --aws-region us-west-2/,
    exit: 78,
  },
  {
    what: "objects may not be written",
    breakIt: deny("s3:PUT:object"),
    ids: ["s3-objects"],
    says: /s3:PutObject on bucket .* is denied/,
    exit: 77,
  },
  {
    what: "objects may not be read",
    breakIt: deny("s3:GET:object"),
    ids: ["s3-objects"],
    says: /s3:GetObject on bucket .* is denied/,
    exit: 77,
  },
  {
    what: "objects may not be deleted",
    breakIt: deny("s3:POST:delete"),
    ids: ["s3-objects"],
    says: /s3:DeleteObject on bucket .* is denied/,
    exit: 77,
  },
  {
    what: "the service keeps no conditions",
    breakIt: (bed) => {
      bed.proxy.rule("s3:PUT:object", () => ({ status: 200, headers: { etag: '"x"' }, body: "" }));
      return {};
    },
    ids: ["s3-objects"],
    says: /does not keep conditions of a put/,
    exit: 78,
  },
  {
    what: "nothing is encrypted by default",
    breakIt: noSuch("s3:GET:encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    ids: ["s3-encryption"],
    says: /encrypts nothing by itself; set default encryption/,
    exit: 0,
  },
  {
    what: "encryption may not be looked at",
    breakIt: deny("s3:GET:encryption"),
    ids: ["s3-encryption"],
    says: /could not be looked at: s3:GetEncryptionConfiguration is denied/,
    exit: 0,
  },
  {
    what: "public access is blocked in part",
    breakIt: async (bed) => {
      await blockPublicAccess(bed.account.clients, false);
      return { mend: () => blockPublicAccess(bed.account.clients) };
    },
    ids: ["s3-public-access"],
    says: /not blocked: RestrictPublicBuckets; turn on/,
    exit: 0,
  },
  {
    what: "plain HTTP is let in",
    breakIt: noSuch("s3:GET:policy", "NoSuchBucketPolicy"),
    ids: ["s3-tls-only"],
    says: /is not refused.*aws:SecureTransport/,
    exit: 0,
  },
  {
    what: "the lifecycle is the original's of one day",
    breakIt: async (bed) => {
      await putLifecycle(bed.account.clients, 1);
      return { mend: () => putLifecycle(bed.account.clients) };
    },
    ids: ["s3-lifecycle", "s3-lifecycle"],
    says: /expires after 1 day.*let it expire after 7 days or more/,
    exit: 0,
  },
  {
    what: "there is no lifecycle",
    breakIt: async (bed) => {
      await bed.account.clients.s3.send(new DeleteBucketLifecycleCommand({ Bucket: NAMES.bucket }));
      return { mend: () => putLifecycle(bed.account.clients) };
    },
    ids: ["s3-lifecycle", "s3-lifecycle", "s3-lifecycle"],
    says: /nothing removes what is left over in scaler-tasks\/v1\/in\//,
    exit: 0,
  },
  {
    what: "the bucket is a stranger's",
    breakIt: (bed) => {
      strangersBucket(bed);
      return {};
    },
    ids: ["s3-owner"],
    says: /another account than 123456789012.*--s3-bucket-owner/,
    exit: 0,
  },
  {
    what: "the bucket is not that of the named account",
    breakIt: (bed) => {
      strangersBucket(bed);
      return { flags: { "s3-bucket-owner": "210987654321" } };
    },
    ids: ["s3-bucket"],
    says: /or the bucket is not of account 210987654321/,
    exit: 77,
  },
];

function strangersBucket(bed: DoctorBed): void {
  const body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
  bed.proxy.rule("s3:GET:list-type", async ({ headers }, forward) =>
    headers["x-amz-expected-bucket-owner"] === undefined ? await forward() : { status: 403, headers: {}, body },
  );
}
