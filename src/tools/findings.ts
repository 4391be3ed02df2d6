/** One damage: a file below the store directory, a position in it, and what is wrong there. */
export interface Damage {
  readonly path: string;
  readonly offset: number;
  readonly what: string;
}

/** Collects damages and remarks; keeps the first of them and counts the rest. */
export class Findings {
  readonly damages: Damage[] = [];
  damageCount = 0;
  readonly notes: string[] = [];
  readonly #maxKept: number;
  readonly #say: ((damage: Damage) => void) | undefined;

  /** `say` is told every damage at once. */
  constructor(maxKept = DEFAULT_KEPT, say?: (damage: Damage) => void) {
    this.#maxKept = maxKept;
    this.#say = say;
  }

  damage(path: string, offset: number, what: string): void {
    this.damageCount += 1;
    if (this.damages.length < this.#maxKept) this.damages.push({ path, offset, what });
    this.#say?.({ path, offset, what });
  }

  note(text: string): void {
    if (this.notes.length < MOST_NOTES) this.notes.push(text);
  }
}

/** A damage as a line: file, offset, what is wrong. */
export function damageLine({ path, offset, what }: Damage): string {
  return `${path}:${offset}: ${what}`;
}

const DEFAULT_KEPT = 100;
const MOST_NOTES = 100;
