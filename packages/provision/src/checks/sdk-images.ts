import type * as Sdk from "@aws-sdk/client-ecr";
import { type AbortOptions, AdapterError, isAdapterError } from "@scaler-aws-hpc/adapter-core";
import { fromAws } from "../aws/aws-failure.ts";
import { clientOptions, sending } from "../aws/sdk-options.ts";
import type { ImageFacts, ImageReference } from "./account-port.ts";

const MEDIA_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
/** An image's configuration has a few KiB. */
const MOST_CONFIG_BYTES = 1 << 20;
/** Platforms that are looked at; images have two or three. */
const MOST_PLATFORMS = 8;

interface Manifest {
  readonly config?: { readonly digest?: string };
  readonly manifests?: readonly {
    readonly digest?: string;
    readonly platform?: { readonly architecture?: string; readonly os?: string };
  }[];
}

/** Looks at images in ECR without pulling them: manifests, and the small file with labels and entry point. */
export async function lookAtImage(
  reference: ImageReference,
  options?: AbortOptions,
): Promise<readonly ImageFacts[] | undefined> {
  const sdk = await import("@aws-sdk/client-ecr");
  const client = new sdk.ECRClient(clientOptions(reference.region));
  const { tag, digest } = reference;
  const look = new ImageLook(sdk, client, reference, options);
  try {
    const manifest = await look.manifest(digest === undefined ? { imageTag: tag } : { imageDigest: digest });
    if (manifest === undefined) return undefined;
    if (manifest.manifests === undefined) return [await look.config(manifest)];
    // What is no system is an attestation of one.
    const systems = manifest.manifests.filter(({ platform }) => platform?.os !== "unknown").slice(0, MOST_PLATFORMS);
    return await Promise.all(systems.map(async (one) => await look.platform(one.digest, one.platform?.architecture)));
  } catch (reason) {
    if (isAdapterError(reason) && reason.code === "missing") return undefined;
    throw reason;
  } finally {
    client.destroy();
  }
}

class ImageLook {
  readonly #sdk: typeof Sdk;
  readonly #client: Sdk.ECRClient;
  readonly #where: { readonly registryId: string; readonly repositoryName: string };
  readonly #options: AbortOptions | undefined;

  constructor(sdk: typeof Sdk, client: Sdk.ECRClient, { account, repository }: ImageReference, options?: AbortOptions) {
    this.#sdk = sdk;
    this.#client = client;
    this.#where = { registryId: account, repositoryName: repository };
    this.#options = options;
  }

  async manifest(imageId: Sdk.ImageIdentifier): Promise<Manifest | undefined> {
    const command = new this.#sdk.BatchGetImageCommand({
      ...this.#where,
      imageIds: [imageId],
      acceptedMediaTypes: MEDIA_TYPES,
    });
    const { images = [] } = await this.#call("ecr:BatchGetImage", () => this.#client.send(command, this.#sending()));
    const text = images[0]?.imageManifest;
    return text === undefined ? undefined : (JSON.parse(text) as Manifest);
  }

  async platform(digest: string | undefined, architecture = "unknown"): Promise<ImageFacts> {
    const manifest = digest === undefined ? undefined : await this.manifest({ imageDigest: digest });
    return manifest === undefined ? { architecture, labels: {}, command: [] } : await this.config(manifest);
  }

  async config({ config }: Manifest): Promise<ImageFacts> {
    const layerDigest = config?.digest;
    if (layerDigest === undefined)
      throw new AdapterError("incompatible", "its manifest names no configuration; push it anew");
    const command = new this.#sdk.GetDownloadUrlForLayerCommand({ ...this.#where, layerDigest });
    const { downloadUrl = "" } = await this.#call("ecr:GetDownloadUrlForLayer", () =>
      this.#client.send(command, this.#sending()),
    );
    const text = await download(downloadUrl, this.#options);
    const { architecture = "unknown", config: settings = {} } = JSON.parse(text) as ImageConfig;
    const { Labels, Entrypoint, Cmd } = settings;
    return { architecture, labels: Labels ?? {}, command: [...(Entrypoint ?? []), ...(Cmd ?? [])] };
  }

  #sending() {
    return sending(this.#options?.signal);
  }

  async #call<T>(action: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (reason) {
      throw fromAws(reason, action, `image of ${this.#where.repositoryName}`, this.#options?.signal);
    }
  }
}

interface ImageConfig {
  readonly architecture?: string;
  readonly config?: {
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
  };
}

/** The configuration lies in S3, under an address that is signed. */
async function download(url: string, options?: AbortOptions): Promise<string> {
  try {
    const answer = await fetch(url, options?.signal ? { signal: options.signal } : {});
    const body = answer.body?.values() ?? [];
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of body) {
      bytes += piece.length;
      if (bytes > MOST_CONFIG_BYTES)
        throw new AdapterError("too-large", "the image's configuration is above 1 MiB; build it anew");
      pieces.push(piece);
    }
    if (!answer.ok)
      throw new AdapterError("unavailable", `the image's configuration was answered by ${answer.status}; try again`);
    return Buffer.concat(pieces).toString();
  } catch (reason) {
    if (isAdapterError(reason) || options?.signal?.aborted) throw reason;
    const text = `the image's configuration cannot be fetched (${String(reason)}); look at the network and at proxies`;
    throw new AdapterError("unavailable", text, { cause: reason });
  }
}
