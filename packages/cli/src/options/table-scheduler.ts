import type { Option } from "./option.ts";

/** How the scheduler is reached, and as whom. */
export const SCHEDULER_OPTIONS: readonly Option[] = [
  {
    name: "scheduler-address",
    short: "a",
    type: "address",
    group: "Scheduler",
    summary: "Address of the scheduler; may also be given without the flag, as the first argument",
  },
  {
    name: "worker-scheduler-address",
    short: "wsa",
    type: "address",
    group: "Scheduler",
    summary: "Address that workers connect to, where it is not the manager's",
    defaultText: "the scheduler's address",
  },
  {
    name: "object-storage-address",
    short: "osa",
    type: "address",
    group: "Scheduler",
    summary: "Address of the object storage",
    defaultText: "what the scheduler says",
  },
  {
    name: "worker-manager-id",
    short: "wmi",
    type: "string",
    group: "Scheduler",
    summary: "Name of this manager at the scheduler; the same after a restart, and one live manager for each",
    defaultText:
      "made from the backend, the scheduler's address and, with AWS Batch, region, bucket, prefix and queue, else this machine's name",
  },
  {
    name: "name",
    short: "n",
    type: "string",
    group: "Scheduler",
    summary: "Name of this manager in logs and in the ids of its workers",
    defaultText: "the backend's name",
  },
  {
    name: "scaling",
    type: "choice",
    choices: ["always", "follow"],
    default: "always",
    group: "Scheduler",
    summary: "Whether all workers are always there, or as many as the scheduler asks for",
  },
  {
    name: "tls-ca",
    type: "string",
    group: "Scheduler",
    summary: "File with the certificates (PEM) that tls:// and wss:// servers are verified with",
    defaultText: "the public ones that Node knows",
  },
  {
    name: "tls-insecure",
    type: "boolean",
    default: false,
    group: "Scheduler",
    summary: "Do not verify servers; anybody on the way can then read and change tasks",
  },
];
