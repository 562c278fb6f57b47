import type { CoreState, Profile } from "./state.ts";
import type { Work } from "./work.ts";

/** Puts a work where the next job is formed from. `front`: it had its turn already. */
export function enqueue(core: CoreState, work: Work, where: "back" | "front" = "back"): void {
  const profile = core.profile(work.profile);
  work.child = undefined;
  core.queue(profile, work.task.source).add(work, where);
  if (profile.ready > 0 || profile.used > 0) profile.lastCompanyAt = core.now;
  profile.ready += 1;
  profile.lastArrivalAt = core.now;
}

/** Takes a queued work out of its queue, e.g. because it was canceled. */
export function dequeue(core: CoreState, work: Work): void {
  if (work.state !== "queued") return;
  const profile = core.profile(work.profile);
  core.queue(profile, work.task.source).remove(work);
  profile.ready -= 1;
}

/** Takes the next work of a client for a pack. */
export function takeReady(core: CoreState, profile: Profile, source: string): Work | undefined {
  const work = core.queue(profile, source).take();
  if (work !== undefined) profile.ready -= 1;
  return work;
}
