import { AdapterError } from "@scaler-aws-hpc/adapter-core";

/**
 * The base image of each Python that the runner supports: the official slim image, by the digest of its multi-platform index, so that a build means
 * the same everywhere and on both architectures. Raised by hand, together with the default in images/runner-python/Dockerfile.
 */
export const PYTHON_BASES: Readonly<Record<string, string>> = {
  "3.9": python("3.9", "a02e9c5406c416c504d6c9a1a306ff4080c3173f1008d192f953bd20382a2d5c"),
  "3.10": python("3.10", "68d914ec641a0b69267ce65184d000a2bc3a9ee2590ab702b82250ab2385735a"),
  "3.11": python("3.11", "a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b"),
  "3.12": python("3.12", "782412e85d0f0984994c290652577d4018aff08145c85b262bb63dc0c7522254"),
  "3.13": python("3.13", "67a1e1f215ccda113cfc024e8639049257e88f273898f595b61476d128d387e8"),
};

/** The Python of the image when nothing is said; that of the Dockerfile. */
export const DEFAULT_PYTHON = "3.12";

function python(version: string, digest: string): string {
  return `docker.io/library/python:${version}-slim-bookworm@sha256:${digest}`;
}

/** The pinned base of a Python version. @throws {AdapterError} `config` for one that has none. */
export function pythonBase(version: string): string {
  const base = Object.hasOwn(PYTHON_BASES, version) ? PYTHON_BASES[version] : undefined;
  if (base !== undefined) return base;
  const known = Object.keys(PYTHON_BASES).join(", ");
  throw new AdapterError(
    "config",
    `--python: expected ${known}, got ${JSON.stringify(version)}; for another Python name an image that has it with --base`,
  );
}
