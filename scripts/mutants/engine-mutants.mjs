const CORE = "packages/adapter-core/src/engine/core";

/** One mistake each: in `file`, `anchor` (exactly one place) becomes `mutant`; `adds` go in front of the file. */
export const ENGINE_MUTANTS = [
  {
    name: "a frame deleted before its acknowledgement",
    file: `${CORE}/tasks.ts`,
    anchor: "    markDelivered(assignment);\n",
    mutant: "    markDelivered(assignment);\n    releaseOutcome(core, assignment.work);\n",
  },
  {
    name: "a task submitted again on resume",
    file: `${CORE}/links.ts`,
    anchor: "for (const assignment of worker.assignments.values()) deliver(core, assignment);",
    mutant: `for (const assignment of worker.assignments.values()) {
      deliver(core, assignment);
      if (assignment.work.state === "bundled") enqueue(core, assignment.work, "front");
    }`,
    adds: 'import { enqueue } from "./ready.ts";\n',
  },
  {
    name: "a task submitted again when it is assigned again",
    file: `${CORE}/tasks.ts`,
    anchor: "core.works.get(task.taskId) ?? newWork(core, task, worker.profile)",
    mutant: "newWork(core, task, worker.profile)",
  },
  {
    name: "a slot leaked on cancel",
    file: `${CORE}/stopping.ts`,
    anchor: "  profile.used -= 1;\n",
    mutant: "  if (!child.cancelled) profile.used -= 1;\n",
  },
  {
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is the text of a template
    name: "the attempt left out of the frame key",
    file: "packages/adapter-core/src/formats/keys.ts",
    anchor: '.${count("attempt", attempt, 1)}.',
    mutant: '.${count("attempt", attempt && 1, 1)}.',
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: it is the text of a template
  },
  {
    name: "release before resume after a broken link",
    file: `${CORE}/links.ts`,
    anchor: "if (strange || core.now - worker.heardAt > core.options.workerLifeMs) {",
    mutant: "if (strange || core.now >= worker.heardAt) {",
  },
  {
    name: "an echo taken for more than it proves",
    file: `${CORE}/deliveries.ts`,
    anchor: "assignment.worker.heartbeatSeq + 1",
    mutant: "assignment.worker.heartbeatSeq",
  },
  {
    name: "a result sent after its cancel was confirmed",
    file: `${CORE}/deliveries.ts`,
    anchor: '  core.emit({ type: "abandon", delivery: assignment.delivery });\n',
    mutant: "",
  },
  {
    name: "logs sent again with a result that is sent again",
    file: `${CORE}/deliveries.ts`,
    anchor: "  assignment.logsSent = true;\n",
    mutant: "",
  },
  {
    name: "a cancel of an unknown task left unanswered",
    file: `${CORE}/tasks.ts`,
    anchor: '  core.emit({ type: "confirm", worker: worker.id, session: worker.session, taskId, answer });\n',
    mutant:
      '  if (assignment !== undefined) core.emit({ type: "confirm", worker: worker.id, session: worker.session, taskId, answer });\n',
  },
  {
    name: "tasks that are handed back forgotten",
    file: `${CORE}/jobs.ts`,
    anchor: "for (const index of [...event.notStarted].reverse()) {",
    mutant: "for (const index of [] as number[]) {",
  },
  {
    name: "a neighbour failed for a killer",
    file: `${CORE}/jobs.ts`,
    anchor: "  const alone = child.works.length === 1 && child.job.fresh;\n  for (",
    mutant: "  const alone = true;\n  for (",
  },
  {
    name: "a job without end at a draining manager",
    file: `${CORE}/engine-core.ts`,
    anchor: "    if (core.jobs.size > 0) return;\n",
    mutant: "",
  },
  {
    name: "a worker kept after a stall longer than its life",
    file: `${CORE}/liveness.ts`,
    anchor: "if (core.now - worker.heardAt <= core.options.workerLifeMs) continue;",
    mutant: "continue;",
  },
  {
    name: "a draining manager that spins",
    file: `${CORE}/batching.ts`,
    anchor: "      profile.gatheringSince = undefined;\n      continue;\n",
    mutant: "      continue;\n",
  },
  {
    name: "an echo of an older connection taken for one of this",
    file: `${CORE}/heartbeats.ts`,
    anchor: "worker.sessionSeq + worker.echoes - worker.staleEchoes",
    mutant: "worker.sessionSeq + worker.echoes",
  },
  {
    name: "an announced worker forgotten",
    file: `${CORE}/links.ts`,
    anchor: 'worker.role === "active" && worker.heartbeatSeq > 0',
    mutant: 'worker.role === "active" && worker.known',
  },
  {
    name: "a recovery that forgets who held a task",
    file: `${CORE}/recovering.ts`,
    anchor: "adoptWork(core, task, child, at, holders.get(holder))",
    mutant: "adoptWork(core, task, child, at, holders.get(holder) && undefined)",
  },
  {
    name: "the slot of a child that was taken over not counted",
    file: `${CORE}/recovering.ts`,
    anchor: "  profile.used += job.liveChildren;\n",
    mutant: "",
  },
  {
    name: "a job that was taken over never stopped although nobody claims it",
    file: `${CORE}/tasks.ts`,
    anchor: "  if (holder === undefined) core.unclaimed.add(work);\n  else ",
    mutant: "  if (holder !== undefined) ",
  },
  {
    name: "the oldest of several jobs believed about where a task is",
    file: `${CORE}/tasks.ts`,
    anchor: "  if (known !== undefined) unclaim(core, known);\n",
    mutant: "  if (known !== undefined) return known;\n",
  },
  {
    name: "logs of a job that was taken over sent again",
    file: `${CORE}/tasks.ts`,
    anchor: "  else claim(core, work, holder).logsSent = true;\n",
    mutant: "  else claim(core, work, holder);\n",
  },
  {
    name: "a bundle deleted before the frames that only it explains",
    file: `${CORE}/frames.ts`,
    anchor: "  if (core.options.backend.outlives === true && job.frames > 0) return;\n",
    mutant: "",
  },
  {
    name: "a goodbye at a hand-off",
    file: `${CORE}/engine-core.ts`,
    anchor: 'core.emit({ type: "close", worker: id, session, leave: false });',
    mutant: 'core.emit({ type: "close", worker: id, session, leave: true });',
  },
  {
    name: "a draining manager that leaves frames behind",
    file: `${CORE}/engine-core.ts`,
    anchor: "    for (const work of [...core.works.values()]) drop(core, work);\n",
    mutant: "",
  },
  {
    name: "a budget of retries for the engine alone",
    file: `${CORE}/jobs.ts`,
    anchor: 'if (work.child === child && work.state === "bundled") work.retries += more;',
    mutant: 'if (work.child === child && work.state === "bundled") work.retries += 0 * more;',
  },
  {
    name: "single trials for ever after jobs could not be started",
    file: `${CORE}/breaker.ts`,
    anchor: "  breaker.failures = 0;\n",
    mutant: "",
  },
];
