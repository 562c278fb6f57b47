import type { BackendTraits, CoreOptions, ProfileSpec } from "@scaler-aws-hpc/adapter-core";
import { RULES_2_6_0, RULES_2_9_0, type SchedulerRules } from "../fakes/scheduler/index.ts";
import type { Random } from "./random.ts";

/** How likely each fault is wherever it can happen; 0 switches it off for a run, so that every run meets another mixture. */
export interface FaultRates {
  readonly inspectFails: number;
  readonly stagingFails: number;
  readonly stagingRefused: number;
  readonly objectLate: number;
  readonly deferred: number;
  readonly submitFails: number;
  readonly submitRefused: number;
  readonly submitAnswerLost: number;
  /** A machine goes away under a child. */
  readonly childLost: number;
  /** A child dies without a word on which task was to blame. */
  readonly childDies: number;
  readonly innocentNamed: number;
  readonly handsBack: number;
  readonly frameCorrupt: number;
  readonly hintLost: number;
  readonly hintRepeated: number;
  readonly setFails: number;
  readonly deliveryFails: number;
  readonly slowMessage: number;
}

/** How often each of these happens in a run. */
export interface Incidents {
  readonly linkFaults: number;
  readonly storms: number;
  readonly stalls: number;
  readonly crashes: number;
  /** The manager ends and leaves everything to the next one. */
  readonly handOffs: number;
  /** For a while no child can be started. */
  readonly badDeployments: number;
  readonly drains: number;
  readonly stops: number;
  readonly restarts: number;
  /** The scheduler is behind with its work. */
  readonly lags: number;
  readonly shutdowns: number;
  readonly clientDeaths: number;
}

/** Everything that a seed decides before the run starts. */
export interface Scenario {
  readonly tasks: number;
  readonly rules: SchedulerRules;
  /** Whether the transport tells one scheduler process from another. */
  readonly tellsIdentity: boolean;
  readonly core: Omit<CoreOptions, "jobPrefix">;
  /** A backend whose children die with the manager, as those of a single machine do. */
  readonly childrenDieWithUs: boolean;
  readonly natives: number;
  readonly nativeQueue: number;
  readonly clients: number;
  readonly functions: number;
  /** Median duration of a task, in milliseconds. */
  readonly medianMs: number;
  /** Tasks are submitted during this time, in milliseconds. */
  readonly arrivalMs: number;
  /** No fault begins after this, in milliseconds. */
  readonly faultsUntilMs: number;
  readonly cancelShare: number;
  /** Share of tasks that kill their process, or never end, or miss an object. */
  readonly doomedShare: number;
  readonly flushEvery: number;
  /** Whether the run ends with a burst that has to fill every slot. */
  readonly probesSlots: boolean;
  readonly rates: FaultRates;
  readonly incidents: Incidents;
}

/** Draws a run. */
export function drawScenario(random: Random, tasks: number): Scenario {
  const local = random.chance(0.5);
  const slots = random.int(1, 6);
  const calm = random.chance(0.08);
  const rate = (most: number): number => (calm || random.chance(0.5) ? 0 : random.spread(most / 20, most));
  const times = (share: number, most: number): number => (calm || !random.chance(share) ? 0 : random.int(1, most));
  const probesSlots = random.chance(0.35);
  const arrivalMs = random.spread(500, 60_000);
  return {
    tasks,
    rules: random.chance(0.7) ? RULES_2_9_0 : RULES_2_6_0,
    tellsIdentity: random.chance(0.75),
    core: {
      profiles: drawProfiles(random, slots, local),
      backend: drawTraits(random, local),
      workersPerProfile: random.int(1, 3),
      queueSize: random.int(slots, slots * 8),
      maxTasksPerPack: random.chance(0.25) ? 1 : random.int(2, 24),
      packTargetMs: random.spread(2_000, 30_000),
      taskLimitMs: 20_000,
      maxRetries: random.pick([1, 2, 4]),
      claimGraceMs: random.chance(0.5) ? 60_000 : 10_000,
      resumeLimitMs: random.chance(0.7) ? 300_000 : 20_000,
      scaling: random.chance(0.2) ? "follow" : "always",
      deathTimeoutMs: random.chance(0.7) ? 300_000 : 60_000,
    },
    childrenDieWithUs: local,
    natives: random.chance(0.5) ? 0 : random.int(1, 3),
    // A full worker that is the least loaded one keeps all others from getting more: no slot can be proved lost then.
    nativeQueue: probesSlots ? random.int(slots + 2, 40) : random.int(2, 30),
    clients: random.int(1, 4),
    functions: random.int(1, 4),
    medianMs: random.chance(0.1) ? 8_000 : random.spread(20, 2_000),
    arrivalMs,
    faultsUntilMs: arrivalMs + random.spread(2_000, 40_000),
    cancelShare: random.chance(0.3) ? 0 : random.spread(0.01, 0.3),
    doomedShare: random.chance(0.4) ? 0 : random.spread(0.005, 0.08),
    flushEvery: random.int(1, 6),
    probesSlots,
    rates: {
      inspectFails: rate(0.3),
      stagingFails: rate(0.2),
      stagingRefused: rate(0.02),
      objectLate: rate(0.1),
      deferred: rate(0.2),
      submitFails: rate(0.2),
      submitRefused: rate(0.02),
      submitAnswerLost: rate(0.2),
      childLost: rate(local ? 0.1 : 0.5),
      childDies: rate(0.1),
      innocentNamed: rate(0.03),
      handsBack: rate(0.6),
      frameCorrupt: rate(0.03),
      hintLost: rate(0.4),
      hintRepeated: rate(0.2),
      setFails: rate(0.3),
      deliveryFails: rate(0.01),
      slowMessage: rate(0.02),
    },
    incidents: {
      linkFaults: times(0.75, 8),
      storms: times(0.3, 4),
      stalls: times(0.15, 2),
      crashes: local ? times(0.25, 3) : times(0.7, 6),
      handOffs: local ? 0 : times(0.15, 2),
      badDeployments: times(0.1, 2),
      drains: times(0.2, 1),
      stops: times(0.08, 1),
      restarts: times(0.12, 2),
      lags: times(0.3, 4),
      shutdowns: times(0.05, 1),
      clientDeaths: times(0.25, 2),
    },
  };
}

function drawProfiles(random: Random, slots: number, local: boolean): ProfileSpec[] {
  const second = slots > 1 && random.chance(0.2) ? random.int(1, slots - 1) : 0;
  const ahead = local || random.chance(0.6) ? 0 : random.int(1, 6);
  const profile = (name: string, room: number): ProfileSpec => ({
    name,
    slots: room,
    ahead,
    capabilities: {},
    settings: {},
  });
  return second === 0 ? [profile("default", slots)] : [profile("default", slots - second), profile("big", second)];
}

function drawTraits(random: Random, local: boolean): BackendTraits {
  if (local) {
    return {
      maxChildren: 1,
      inlineBytes: 0,
      pushes: true,
      revokes: random.chance(0.8),
      window: { quietMs: 2, maxMs: 20 },
      startMs: 3,
      pollMs: 1_000,
    };
  }
  return {
    maxChildren: random.int(1, 6),
    inlineBytes: 0,
    outlives: true,
    retriesNatively: random.chance(0.7),
    revokes: random.chance(0.2),
    visibilityDelayMs: 500,
    window: { quietMs: 200, maxMs: 1_000 },
    startMs: random.spread(100, 5_000),
    pollMs: random.spread(500, 3_000),
  };
}
