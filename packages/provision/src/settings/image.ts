// A registry's name when a slash follows, then folders and an image; a tag, a digest, or both. What stands before a colon without a slash behind it is no registry.
const PART = "[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*";
const REGISTRY = "[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?/";
const IMAGE = new RegExp(
  `^(?:${REGISTRY})?${PART}(?:/${PART})*(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);

/**
 * Whether a definition may name this image: by digest, or by a tag that is not `latest`. What a moving tag means differs between the machines that pulled it
 * before and those that did not, and between a job and its retry.
 */
export function isPinnedImage(image: string): boolean {
  const match = IMAGE.exec(image);
  if (match === null) return false;
  const [, tag, digest] = match;
  return digest !== undefined || (tag !== undefined && tag !== "latest");
}
