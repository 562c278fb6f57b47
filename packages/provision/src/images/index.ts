export { DEFAULT_PYTHON, PYTHON_BASES } from "./bases.ts";
export { dockerfileOf, type ImageKind } from "./build-context.ts";
export { type BuildImageOptions, type BuiltImage, buildImage } from "./build-image.ts";
export { ENGINES, type EngineName, findEngine } from "./engine.ts";
export type { ImageRegistry, RegistryLogin } from "./image-registry.ts";
export { checkPush, type PushedImage, type PushImageOptions, pushImage } from "./push-image.ts";
