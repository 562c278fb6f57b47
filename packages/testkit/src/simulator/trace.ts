/** How many events are kept for the report of a failure. */
const KEPT = 60;

interface Line {
  at: number;
  what: string;
  who: string;
  detail: string | number;
}

/** What happened, as a hash of everything and the last {@link KEPT} lines. Two runs of a seed have the same hash, or chance came in from outside. */
export class Trace {
  readonly #lines: Line[] = Array.from({ length: KEPT }, () => ({ at: 0, what: "", who: "", detail: "" }));
  readonly #echo: ((line: string) => void) | undefined;
  #count = 0;
  #high = 0x811c9dc5;
  #low = 0x01000193;

  /** @param echo gets every line at once: for a look at a whole run. */
  constructor(echo?: (line: string) => void) {
    this.#echo = echo;
  }

  add(at: number, what: string, who: string, detail: string | number): void {
    const line = this.#lines[this.#count % KEPT];
    if (line === undefined) return;
    this.#count += 1;
    line.at = at;
    line.what = what;
    line.who = who;
    line.detail = detail;
    this.#mix(Math.round(at * 1000) | 0);
    this.#text(what);
    this.#text(who);
    if (typeof detail === "string") this.#text(detail);
    else this.#mix(detail | 0);
    this.#echo?.(text(line));
  }

  /** How many lines there were. */
  get count(): number {
    return this.#count;
  }

  /** Hash of all lines, in hex. */
  get hash(): string {
    return [this.#high, this.#low].map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
  }

  /** The last lines, oldest first. */
  tail(): readonly string[] {
    const from = Math.max(0, this.#count - KEPT);
    const lines: string[] = [];
    for (let at = from; at < this.#count; at += 1) {
      const line = this.#lines[at % KEPT];
      if (line !== undefined) lines.push(text(line));
    }
    return lines;
  }

  #text(value: string): void {
    // The end of an id tells as much as the whole.
    for (let at = Math.max(0, value.length - 12); at < value.length; at += 1) this.#mix(value.charCodeAt(at));
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 0x01000193);
    this.#low = Math.imul(this.#low ^ (value + (this.#high >>> 15)), 0x85ebca6b);
  }
}

function text(line: Line): string {
  return `${(line.at / 1000).toFixed(4).padStart(10)}  ${line.what.padEnd(20)} ${line.who}  ${line.detail}`;
}
