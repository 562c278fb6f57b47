import type { ImageReference } from "./account-port.ts";

const ECR =
  /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([a-z0-9][a-z0-9._/-]*?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** Where an image is in ECR; `undefined` for an image that is elsewhere. */
export function imageReference(image: string): ImageReference | undefined {
  const [, account, region, repository, tag, digest] = ECR.exec(image) ?? [];
  if (account === undefined || region === undefined || repository === undefined) return undefined;
  return { account, region, repository, ...(digest === undefined ? { tag: tag ?? "latest" } : { digest }) };
}
