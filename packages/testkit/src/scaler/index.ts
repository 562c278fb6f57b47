export { type Certificate, makeCertificate } from "./certificate.ts";
export { ChildProgram, type ProgramExit, type ProgramOptions } from "./child-program.ts";
export {
  type CaseResult,
  casesFor,
  runClientSuite,
  SCHEDULER_DEFECTS,
  SUITE_CASES,
  type SuiteCase,
  type SuiteOptions,
} from "./client-suite.ts";
export { type Cluster, type ClusterOptions, startCluster } from "./cluster.ts";
export { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
export { freePorts } from "./free-ports.ts";
export { greets, type Transport } from "./greeting.ts";
export { HarnessError, type HarnessErrorCode, isHarnessError } from "./harness-error.ts";
export { type ManagerOptions, startManager } from "./manager.ts";
export { cpuSecondsOf, type ProcessEntry, processTree } from "./process-tree.ts";
export { type ClientRun, runClient, startClient } from "./python-client.ts";
export {
  cliProgram,
  nodeProgram,
  pythonProgram,
  RELEASES,
  type Release,
  releaseBin,
  repositoryRoot,
} from "./repository.ts";
