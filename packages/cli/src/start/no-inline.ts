import type { Backend } from "@scaler-aws-hpc/adapter-core";

/** The same backend, for which every payload goes through the payload store. */
export function withoutInline(backend: Backend): Backend {
  const traits = { ...backend.traits, inlineBytes: 0 };
  return new Proxy(backend, {
    get(target, key) {
      if (key === "traits") return traits;
      const value: unknown = Reflect.get(target, key, target);
      // Methods find their private fields on the backend alone.
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
