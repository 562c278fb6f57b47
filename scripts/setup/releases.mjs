/** The released schedulers that are tested against, and what each needs from PyPI. */

/** The release that the demo and the fast tests use. */
export const DEFAULT_RELEASE = "2.9.0";

/** Pinned with the release: the ZeroMQ backend of the scheduler needs it and does not ask for it. */
const PYZMQ = "pyzmq==27.3.0";

/** @type {Readonly<Record<string, readonly string[]>>} */
export const RELEASES = {
  "2.9.0": ["opengris-scaler==2.9.0", PYZMQ],
  "2.6.0": ["opengris-scaler==2.6.0"],
  "2.3.5": ["opengris-scaler==2.3.5"],
};

/**
 * Environments that only benches need. The released AWS manager and its job runner want the AWS SDK, and do not ask for it.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const BENCH_ENVIRONMENTS = {
  "2.9.0-aws": [...RELEASES[DEFAULT_RELEASE], "boto3==1.44.5"],
};

/**
 * Environments of services that tests and the demo talk to, moto's AWS over HTTP, of the linter that templates of CloudFormation are checked with, and of the AWS CLI
 * that docs/aws-batch-setup.md uses.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const SERVICE_ENVIRONMENTS = {
  moto: ["moto[batch,cloudformation,s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"],
  "cfn-lint": ["cfn-lint==1.58.0"],
  awscli: ["awscli==1.46.3"],
};
