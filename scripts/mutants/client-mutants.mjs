const CLIENT = "packages/client/src";

/** One mistake each: in `file`, `anchor` (exactly one place) becomes `mutant`. */
export const CLIENT_MUTANTS = [
  {
    name: "client: a result that is said twice read twice",
    file: `${CLIENT}/session/session.ts`,
    anchor: 'if (run?.state === "submitted" || run?.state === "canceling") {',
    mutant: "if (run !== undefined && !run.over) {",
  },
  {
    name: "client: a repeated result deleted while it is read",
    file: `${CLIENT}/session/session.ts`,
    anchor: "this.#results.discardRepeated(run, message);",
    mutant: "this.#results.discard(message);",
  },
  {
    name: "client: a confirmation that nobody asked for believed",
    file: `${CLIENT}/session/session.ts`,
    anchor: 'if (run?.state !== "canceling") break;',
    mutant: "if (run === undefined) break;",
  },
  {
    name: "client: whoever cancelled a task never told",
    file: `${CLIENT}/session/task-run.ts`,
    anchor: '    this.#settleCancels(this.#state === "canceled");\n',
    mutant: "",
  },
  {
    name: "client: an object never deleted",
    file: `${CLIENT}/session/session.ts`,
    anchor: "    for (const object of held) this.#objects.release(object);\n",
    mutant: "",
  },
  {
    name: "client: a result never deleted",
    file: `${CLIENT}/session/result-reader.ts`,
    anchor: ".finally(() => this.discard(result))",
    mutant: "",
  },
  {
    name: "client: an object deleted before it is stored",
    file: `${CLIENT}/session/object-table.ts`,
    anchor: "entries.filter(({ stored }) => stored).map(",
    mutant: "entries.map(",
  },
  {
    name: "client: a released value deleted under a task that has an equal one",
    file: `${CLIENT}/session/object-table.ts`,
    anchor: "if (entry.holders > 0) return;",
    mutant: "if (entry.holders > 0 && !entry.unwanted) return;",
  },
  {
    name: "client: an object announced only with a task",
    file: `${CLIENT}/session/object-table.ts`,
    anchor: "if (this.#unannounced.push(entry) === 1) this.#clock.soon(() => this.announce());",
    mutant: "this.#unannounced.push(entry);",
  },
  {
    name: "client: a farewell ahead of its uploads",
    file: `${CLIENT}/session/session.ts`,
    anchor: "if (lost === undefined) await within(this.#objects.uploaded(), ",
    mutant: "if (lost === undefined) await within(Promise.resolve(), ",
  },
  {
    name: "client: submits let through when the first of two clears has ended",
    file: `${CLIENT}/session/gate.ts`,
    anchor: "    if (this.#shut > 0) return;\n",
    mutant: "",
  },
  {
    name: "client: tasks left open by a lost scheduler",
    file: `${CLIENT}/session/session.ts`,
    anchor: 'if (run.state !== "fetching") run.fail(reason);',
    mutant: 'if (run.state === "preparing") run.fail(reason);',
  },
  {
    name: "client: a shutdown left waiting at the close",
    file: `${CLIENT}/session/session.ts`,
    anchor: "    this.#shutdown.withdraw(this.#over);\n",
    mutant: "",
  },
  {
    name: "client: every other heartbeat left out",
    file: `${CLIENT}/session/heartbeats.ts`,
    anchor: "this.#clock.every(this.#options.intervalMs, ",
    mutant: "this.#clock.every(2 * this.#options.intervalMs, ",
  },
  {
    name: "client: given up by its scheduler, and waiting for ever",
    file: `${CLIENT}/session/heartbeats.ts`,
    anchor: "else if (unheardMs > timeoutMs)",
    mutant: "else if (this.#awaited && unheardMs > timeoutMs)",
  },
  {
    name: "client: a connect that goes on although it was given up",
    file: `${CLIENT}/client.ts`,
    anchor: "await within(link.orLost(session.start()), connectTimeoutMs, late, { signal, clock });",
    mutant: "await session.start();",
  },
];
