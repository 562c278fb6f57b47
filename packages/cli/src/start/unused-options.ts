import type { BackendTraits } from "@scaler-aws-hpc/adapter-core";
import type { StartSettings } from "./settings.ts";

/** What the user should know of options that are not wrong, and have no meaning for this backend: one line. */
export function unusedOptions(
  { python, preload, backend, onExit }: Pick<StartSettings, "python" | "preload" | "backend" | "onExit">,
  traits: Pick<BackendTraits, "outlives">,
): readonly string[] {
  if (traits.outlives !== true) {
    if (onExit === "terminate") return [];
    return [`--on-exit handoff: without effect with --backend ${backend}, whose jobs end with this process`];
  }
  const names = [...(python === undefined ? [] : ["--python"]), ...(preload === undefined ? [] : ["--preload"])];
  if (names.length === 0) return [];
  return [`${names.join(" and ")}: without effect with --backend ${backend}, whose jobs run what is in their image`];
}
