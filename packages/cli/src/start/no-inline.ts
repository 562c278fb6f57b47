import type { Backend } from "@scaler-aws-hpc/adapter-core";

/** The same backend, for which every payload goes through the payload store. */
export function withoutInline(backend: Backend): Backend {
  const revoke = backend.revoke?.bind(backend);
  return {
    traits: { ...backend.traits, inlineBytes: 0 },
    submit: (job, options) => backend.submit(job, options),
    changes: (jobs, options) => backend.changes(jobs, options),
    cancel: (children, reason, options) => backend.cancel(children, reason, options),
    ...(revoke && { revoke }),
    list: (options) => backend.list(options),
    watch: (listener) => backend.watch(listener),
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}
