/** Conditions of a statement: operator, key, value. */
export type PolicyConditions = { readonly [operator: string]: { readonly [key: string]: string | readonly string[] } };

/** One statement. Lists even of one, so that documents compare and print alike. */
export type PolicyStatement = {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: "*" | { readonly Service: string };
  readonly Action: readonly string[];
  /** Missing in trust policies alone. */
  readonly Resource?: readonly string[];
  readonly Condition?: PolicyConditions;
};

/** A policy of IAM, of a bucket, or the trust of a role. */
export type PolicyDocument = {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement[];
};

/** A document of these statements. */
export function policy(...statements: readonly PolicyStatement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement: statements };
}

/** A statement that allows. */
export function allow(
  sid: string,
  actions: readonly string[],
  resources: readonly string[],
  condition?: PolicyConditions,
): PolicyStatement {
  const statement = { Sid: sid, Effect: "Allow", Action: actions, Resource: resources } as const;
  return condition === undefined ? statement : { ...statement, Condition: condition };
}
