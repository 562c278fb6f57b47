import { type Finding, fault, ok, warning } from "@scaler-aws-hpc/adapter-core";

/** What of a VPC decides whether its machines reach anything. */
export interface NetworkFacts {
  readonly subnets: readonly SubnetFacts[];
  readonly tables: readonly RouteTableFacts[];
  readonly endpoints: readonly EndpointFacts[];
  readonly groups: readonly { readonly id: string; readonly letsOut: boolean }[];
}

interface SubnetFacts {
  readonly id: string;
  readonly vpc: string;
  /** Machines that start here get a public address. */
  readonly publicAddress: boolean;
}

interface RouteTableFacts {
  readonly id: string;
  readonly vpc: string;
  /** For subnets that name none. */
  readonly main: boolean;
  readonly subnets: readonly string[];
  /** Target of the route to everywhere, such as `igw-1`, `nat-1`; absent without one that works. */
  readonly outward?: string;
}

interface EndpointFacts {
  readonly vpc: string;
  /** As `s3`, `ecr.api`. */
  readonly service: string;
  /** A gateway serves the tables that name it, an interface the whole VPC. */
  readonly tables: readonly string[] | "all";
}

/** How containers start in these subnets. */
export interface NetworkWants {
  readonly fargate: boolean;
  /** Whether each container (Fargate) gets a public address; `undefined`: a launch template may say so. */
  readonly assignsAddress: boolean | undefined;
}

/** What a container needs before its first line, by the name of its endpoint. */
const ALWAYS: readonly string[] = ["s3", "ecr.api", "ecr.dkr", "logs"];
/** What the agent on an instance talks to. */
const ON_INSTANCES: readonly string[] = ["ecs", "ecs-agent", "ecs-telemetry"];

/** Whether what starts in each subnet reaches S3, ECR and Logs: by the internet, through a NAT, or by endpoints of the VPC. */
export function networkFindings(facts: NetworkFacts, wants: NetworkWants): readonly Finding[] {
  const problems = told(facts.subnets.flatMap((subnet) => subnetProblem(subnet, facts, wants) ?? []));
  const closed = facts.groups
    .filter(({ letsOut }) => !letsOut)
    .map(({ id }) =>
      fault(`security group ${id} lets nothing out`, "allow outgoing HTTPS (port 443) at least", "unavailable"),
    );
  const all = [...problems, ...closed];
  if (all.length > 0) return all;
  return [ok(`${facts.subnets.map(({ id }) => id).join(", ")}: there is a way to S3, ECR and Logs`)];
}

/** What is wrong with a subnet; `text` goes on behind its id. */
interface SubnetProblem {
  readonly id: string;
  readonly level: "warning" | "fault";
  readonly text: string;
  readonly fix: string;
}

/** Subnets with the same problem stand in one line. */
function told(problems: readonly SubnetProblem[]): readonly Finding[] {
  const byText = new Map<string, SubnetProblem[]>();
  for (const one of problems) byText.set(one.text + one.fix, [...(byText.get(one.text + one.fix) ?? []), one]);
  return [...byText.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const text = `${same.map(({ id }) => id).join(", ")}: ${first.text}`;
    return first.level === "warning" ? warning(text, first.fix) : fault(text, first.fix, "unavailable");
  });
}

function subnetProblem(subnet: SubnetFacts, facts: NetworkFacts, wants: NetworkWants): SubnetProblem | undefined {
  const { id } = subnet;
  const own = facts.tables.find(({ subnets }) => subnets.includes(subnet.id));
  const table = own ?? facts.tables.find(({ main, vpc }) => main && vpc === subnet.vpc);
  const { outward } = table ?? {};
  const open = outward?.startsWith("igw-") === true;
  // A NAT, a transit gateway, an appliance: what lies behind cannot be seen from here.
  if (outward !== undefined && !open) return undefined;
  const addressed = wants.fargate
    ? wants.assignsAddress === true
    : wants.assignsAddress === true || subnet.publicAddress;
  if (open && addressed) return undefined;
  const needed = wants.fargate ? ALWAYS : [...ALWAYS, ...ON_INSTANCES];
  const missing = needed.filter(
    (service) =>
      !facts.endpoints.some(
        (one) =>
          one.vpc === subnet.vpc &&
          one.service === service &&
          (one.tables === "all" || one.tables.includes(table?.id ?? "")),
      ),
  );
  if (missing.length === 0) return undefined;
  const what = `no way to ${named(missing)}`;
  if (!open) {
    const fix = `add a route through a NAT gateway, or endpoints of ${subnet.vpc} for ${missing.join(", ")}`;
    return { id, level: "fault", text: `${what}: route table ${table?.id ?? ""} leads nowhere outside`, fix };
  }
  const text = `${what}: there is an internet gateway, but what starts there gets no public address`;
  const fix = wants.fargate
    ? "set assignPublicIp to ENABLED in the job definition's networkConfiguration, or route through a NAT gateway"
    : "let the subnet assign public addresses, or route through a NAT gateway";
  return !wants.fargate && wants.assignsAddress === undefined
    ? { id, level: "warning", text: `${text}, unless the launch template says so`, fix }
    : { id, level: "fault", text, fix };
}

function named(missing: readonly string[]): string {
  const words = missing.map((service) =>
    service.startsWith("ecr") ? "ECR" : service === "s3" ? "S3" : service === "logs" ? "Logs" : "ECS",
  );
  return [...new Set(words)].join(", ");
}
