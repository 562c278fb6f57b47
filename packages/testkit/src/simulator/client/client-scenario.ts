import type { Random } from "../random.ts";

/** How likely each fault is wherever it can happen; 0 switches it off for a run. */
export interface ClientRates {
  readonly linkBreaks: number;
  readonly hostileFrame: number;
  readonly echoLate: number;
  readonly resultRepeated: number;
  readonly strangeResult: number;
  readonly strayConfirm: number;
  readonly lateResult: number;
  readonly cancelRefused: number;
  readonly cancelUnanswered: number;
  readonly uploadFails: number;
  readonly downloadFails: number;
  readonly deleteFails: number;
  readonly storageSlow: number;
  readonly prepareFails: number;
  readonly listenerThrows: number;
}

/** Everything that a seed decides before a run of clients starts. Times in milliseconds. */
export interface ClientScenario {
  readonly magic: 1 | 2;
  /** As on ZeroMQ, where the greeting does not tell the numbering. */
  readonly tellsMagic: boolean;
  readonly programs: number;
  /** What each program does, in all. */
  readonly actions: number;
  readonly faultsUntilMs: number;
  readonly heartbeatMs: number;
  readonly silenceMs: number;
  readonly medianTaskMs: number;
  readonly linkMs: number;
  readonly storageMs: number;
  readonly idleObjects: number;
  readonly cancelShare: number;
  readonly doomedShare: number;
  readonly restarts: number;
  readonly blackHoles: number;
  readonly stalls: number;
  readonly shutdowns: boolean;
  readonly protectedScheduler: boolean;
  readonly rates: ClientRates;
}

/** Draws a run. */
export function drawClientScenario(random: Random, actions: number): ClientScenario {
  const calm = random.chance(0.1);
  const rate = (most: number): number => (calm || random.chance(0.5) ? 0 : random.spread(most / 20, most));
  const times = (share: number, most: number): number => (calm || !random.chance(share) ? 0 : random.int(1, most));
  return {
    magic: random.chance(0.5) ? 1 : 2,
    tellsMagic: random.chance(0.6),
    programs: random.int(1, 3),
    actions,
    faultsUntilMs: random.spread(5_000, 200_000),
    heartbeatMs: random.pick([500, 2_000]),
    silenceMs: random.pick([10_000, 60_000]),
    medianTaskMs: random.spread(10, 5_000),
    linkMs: random.spread(0.1, 200),
    storageMs: random.spread(0.1, 400),
    idleObjects: random.int(0, 12),
    cancelShare: random.chance(0.3) ? 0 : random.spread(0.02, 0.5),
    doomedShare: random.chance(0.3) ? 0 : random.spread(0.02, 0.5),
    restarts: times(0.2, 2),
    blackHoles: times(0.2, 2),
    stalls: times(0.25, 3),
    shutdowns: random.chance(0.15),
    protectedScheduler: random.chance(0.5),
    rates: {
      linkBreaks: rate(0.005),
      hostileFrame: rate(0.01),
      echoLate: rate(0.3),
      resultRepeated: rate(0.4),
      strangeResult: rate(0.1),
      strayConfirm: rate(0.1),
      lateResult: rate(0.5),
      cancelRefused: rate(0.4),
      cancelUnanswered: rate(0.2),
      uploadFails: rate(0.15),
      downloadFails: rate(0.15),
      deleteFails: rate(0.2),
      storageSlow: rate(0.1),
      prepareFails: rate(0.1),
      listenerThrows: rate(0.2),
    },
  };
}
