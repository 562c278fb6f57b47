import { describe, expect, it } from "vitest";
import { VARIANTS } from "../../test-support/variants.ts";
import { baseTemplate } from "./base-template.ts";
import { computeTemplate } from "./compute-template.ts";
import type { PolicyDocument, PolicyStatement } from "./policies/policy-document.ts";
import { provisionerPolicies } from "./policies/provisioner-policies.ts";
import type { Json } from "./template.ts";

/** Statements whose resources have a wildcard: what the resources end with, and why nothing narrower is possible. */
const WILDCARDS: Readonly<Record<string, readonly [end: string, reason: string]>> = {
  LogInToRegistry: ["*", "ecr:GetAuthorizationToken knows no resources"],
  FindService: ["*", "ecs:DiscoverPollEndpoint and ec2:DescribeTags know no resources"],
  SeeJobs: ["*", "what Batch tells of jobs, queues, definitions and environments knows no resources"],
  JoinCluster: [":cluster/*", "Batch names the clusters of its environments"],
  TakeTasks: ["/*", "machines and tasks get their ids when they start"],
  TagItself: [":container-instance/*", "machines get their ids when they start"],
  WriteLog: [":log-stream:*", "ECS names a stream by the task's id"],
  ReadLogs: [":log-stream:*", "ECS names a stream by the task's id"],
  SubmitJobs: [":*", "revisions of our definition"],
  TagJobsAndEndThem: [":job/*", "jobs get their ids when they are submitted"],
  ReadInputs: ["/v1/in/*", "objects below one folder"],
  AddResults: ["/v1/out/*", "objects below one folder"],
  KeepPayloads: ["/v1/*", "objects below one folder"],
  Stacks: ["/*", "a stack's ARN ends with an id"],
  EmptyBucket: ["/*", "the deployment's own bucket goes with all that is in it"],
  LogGroup: [":*", "the streams of our group, by which some actions know it"],
  FindLogGroups: ["*", "logs:DescribeLogGroups and DescribeResourcePolicies know no single group"],
  SeeNetworkAndBatch: ["*", "what EC2 and Batch describe and list knows no resources"],
  SecurityGroup: [":security-group/*", "groups get their ids when they are made"],
  LaunchTemplate: [":launch-template/*", "launch templates get their ids when they are made"],
  TagNetwork: ["/*", "groups and launch templates get their ids when they are made"],
  Environments: [":compute-environment/*", "environments have no name of ours, so that they can be replaced"],
  Queues: ["*", "our queues of every kind, and environments, which have no name of ours"],
  Definitions: ["*", "our definitions of every kind, and their revisions"],
  TagBatch: ["*", "our queues and definitions of every kind, and environments"],
  EndJobs: [":job/*", "jobs get their ids when they are submitted"],
};

/** Statements about actions that know no resources. */
const EVERYTHING = new Set(["LogInToRegistry", "FindService", "SeeJobs", "FindLogGroups", "SeeNetworkAndBatch"]);

/** Every policy document in a value, wherever it stands. */
function documents(value: Json): readonly PolicyDocument[] {
  if (typeof value !== "object" || value === null) return [];
  if ("Statement" in value) return [value as PolicyDocument];
  return Object.values(value).flatMap(documents);
}

const statements: readonly PolicyStatement[] = [...VARIANTS.values()].flatMap((settings) =>
  [
    ...[baseTemplate(settings), computeTemplate(settings)].flatMap(({ Resources }) =>
      documents(Resources as unknown as Json),
    ),
    ...Object.values(provisionerPolicies(settings)),
  ].flatMap(({ Statement }) => Statement),
);
const allowing = statements.filter(({ Effect }) => Effect === "Allow");
const wild = (text: string): boolean => /[*?]/.test(text);

describe("every policy of every variant", () => {
  it("is looked at", () => {
    expect(new Set(allowing.map(({ Sid }) => Sid)).size).toBeGreaterThanOrEqual(Object.keys(WILDCARDS).length + 2);
    expect(statements.some(({ Effect }) => Effect === "Deny")).toBe(true);
  });

  it("allows no action by a wildcard, and nothing by what it leaves out", () => {
    expect(allowing.flatMap(({ Action }) => Action).filter(wild)).toEqual([]);
    for (const statement of statements) {
      expect(Object.keys(statement).filter((key) => key.startsWith("Not"))).toEqual([]);
    }
  });

  it("allows nothing to everybody", () => {
    const principals = allowing.flatMap(({ Principal }) => (Principal === undefined ? [] : [Principal]));
    expect(new Set(principals.map((one) => JSON.stringify(one)))).toEqual(
      new Set(['{"Service":"ecs-tasks.amazonaws.com"}', '{"Service":"ec2.amazonaws.com"}']),
    );
  });

  it("has a reason for each wildcard in a resource, and no reason without one", () => {
    const used = new Set<string>();
    const unreasoned = allowing.flatMap(({ Sid, Resource = [] }) =>
      Resource.filter(wild).filter((resource) => {
        used.add(Sid);
        const [end] = WILDCARDS[Sid] ?? [];
        if (end === undefined) return true;
        // One star, and only where everything before it is said.
        return !resource.endsWith(end) || wild(resource.slice(0, -1)) || (resource === "*" && !EVERYTHING.has(Sid));
      }),
    );
    expect(unreasoned).toEqual([]);
    expect(Object.keys(WILDCARDS).filter((sid) => !used.has(sid))).toEqual([]);
  });

  it("forbids to all that it forbids", () => {
    for (const { Principal } of statements.filter(({ Effect }) => Effect === "Deny")) expect(Principal).toBe("*");
  });

  it("gives tasks neither Batch, nor lists, nor deletes, nor results of others", () => {
    for (const settings of VARIANTS.values()) {
      const role = documents(baseTemplate(settings).Resources["JobRole"]?.Properties["Policies"] ?? null);
      const actions = role.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action));
      const kms = settings.kmsKeyArn === undefined ? [] : ["kms:Decrypt", "kms:GenerateDataKey"];
      expect(actions).toEqual(["s3:GetObject", "s3:PutObject", ...kms]);
    }
  });

  it("is no longer than IAM takes", () => {
    const length = (document: PolicyDocument): number => JSON.stringify(document).length;
    for (const [name, settings] of VARIANTS) {
      for (const [part, document] of Object.entries(provisionerPolicies(settings))) {
        expect(length(document), `${name} ${part}`).toBeLessThanOrEqual(6144);
      }
      const { ManagerPolicy, ...roles } = baseTemplate(settings).Resources;
      expect(length(ManagerPolicy?.Properties["PolicyDocument"] as PolicyDocument), name).toBeLessThanOrEqual(6144);
      for (const { Properties } of Object.values(roles)) {
        for (const document of documents(Properties["Policies"] ?? null))
          expect(length(document)).toBeLessThanOrEqual(10_240);
      }
    }
  });
});
