import type { Option } from "./option.ts";

/** What may wait beyond the slots; for the whole manager, or for one profile. */
export const jobsAhead = {
  name: "jobs-ahead",
  type: "integer",
  min: 0,
  max: 1_000_000,
  default: 0,
  group: "Work",
  summary: "How many children more than slots wait in the backend's queue, so that the next begins the moment one ends",
} as const satisfies Option;
