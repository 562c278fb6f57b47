import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { plannedEnvironments } from "../templates/compute/environments.ts";
import { fargatePrice, machinePrice, PRICE_SOURCE } from "./prices.ts";

/** One line of a cost ceiling. */
export interface CostLine {
  /** Kind of the environment and its machines, such as `SPOT default_x86_64`. */
  readonly what: string;
  /** Most vCPUs that it may have. */
  readonly vcpus: number;
  /** US dollars for a vCPU-hour; `undefined` where no price is known. */
  readonly perVcpuHour: number | undefined;
}

/** What an hour can cost at most while every environment is as large as it may be; nothing while no job runs. An estimate. */
export interface CostCeiling {
  readonly currency: "USD";
  /** `undefined` when the price of a type is not known. */
  readonly perHour: number | undefined;
  readonly lines: readonly CostLine[];
  readonly source: typeof PRICE_SOURCE;
  readonly note: string;
}

const NOTE =
  "an estimate from list prices of another region and month than yours; Spot costs at most as much as On-Demand; without disks, S3, logs, addresses and traffic; Batch may exceed the most vCPUs by one machine";

/** The ceiling of these settings. */
export function costCeiling(settings: ProvisionSettings): CostCeiling {
  const lines = plannedEnvironments(settings).map(
    ({ type, maxVcpus, instanceTypes }): CostLine => ({
      what: [type, ...instanceTypes].join(" "),
      vcpus: maxVcpus,
      perVcpuHour: type.startsWith("FARGATE") ? onFargate(settings) : machinePrice(instanceTypes),
    }),
  );
  const costs = lines.map(({ vcpus, perVcpuHour }) => (perVcpuHour === undefined ? undefined : vcpus * perVcpuHour));
  const known = costs.filter((cost) => cost !== undefined);
  const sum = known.reduce((total, cost) => total + cost, 0);
  const perHour = known.length === costs.length ? Math.round(sum * 100) / 100 : undefined;
  return { currency: "USD", perHour, lines, source: PRICE_SOURCE, note: NOTE };
}

const onFargate = ({ architecture, job }: ProvisionSettings): number =>
  fargatePrice(architecture, job.memoryMiB / 1024 / job.vcpus);

/** For a person. */
export function costLines({ perHour, lines, source, note }: CostCeiling): readonly string[] {
  const total = perHour === undefined ? "not known: no price for some types" : `$${perHour.toFixed(2)} an hour`;
  const parts = lines.map(({ what, vcpus, perVcpuHour }) => {
    const rate =
      perVcpuHour === undefined
        ? "price not known; is there such a type?"
        : `at most $${perVcpuHour.toFixed(4)} a vCPU-hour`;
    return `  ${vcpus} vCPUs ${what}: ${rate}`;
  });
  return [
    `cost ceiling while all machines run: ${total}; without jobs nothing`,
    ...parts,
    `  ${note}`,
    `  prices of ${source.region}, ${source.date}: ${source.urls.join(" ")}`,
  ];
}
