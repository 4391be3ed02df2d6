import { SeededRandom } from '../testing/seeded-random.ts';
import type { Corpus } from './corpus.ts';
import { type Mutant, Mutator } from './mutator.ts';
import { type Effect, ServerModel, type Target } from './server-model.ts';
import { StateRows } from './state-rows.ts';

/** A mutant and what a server has to do with it. */
export interface Shot extends Mutant {
  readonly effect: Effect;
  /** It is one or more whole frames, and all of them are commands. */
  readonly decodes: boolean;
}

/** One connection's worth of mutants. */
export interface Volley {
  readonly target: Target;
  /** The next mutant; undefined when this connection gets no more. */
  next(): Shot | undefined;
}

const TARGETS: readonly Target[] = [
  ...Array.from({ length: 11 }, (): Target => ({ server: 'broker', port: 'main' })),
  ...Array.from({ length: 3 }, (): Target => ({ server: 'broker', port: 'vip' })),
  ...Array.from({ length: 6 }, (): Target => ({ server: 'namesrv', port: 'main' })),
];
/** A frame that announces more than this and is not there whole is given up: the client closes the connection. */
const MOST_ANNOUNCED_BYTES = 16_384;
/** Else it is given up that often; otherwise the next mutants fall into its hole. */
const GIVE_UP_SHARE = 0.7;
const MOST_FRAMES = 250;
/** Draws of one mutant before the run gives up: the bounds of {@link StateRows} leave nothing to send. */
const MOST_DRAWS = 1000;

/**
 * The same mutants in the same order for the same seed, whatever the servers do: where a connection ends is decided by
 * the model, and a server that does something else fails the run.
 */
export class Generator {
  readonly rows = new StateRows();
  readonly #random: SeededRandom;
  readonly #mutator: Mutator;

  constructor(corpus: Corpus, seed: number) {
    this.#random = new SeededRandom(seed);
    this.#mutator = new Mutator(corpus, this.#random);
  }

  /** The next connection. */
  volley(): Volley {
    const target = this.#random.pick(TARGETS);
    const most = 1 + this.#random.below(MOST_FRAMES);
    let frames = 0;
    let isOver = false;
    let hole: ServerModel | undefined;
    return {
      target,
      next: () => {
        if (isOver || frames >= most) return undefined;
        const { shot, model } = this.#shot(target, frames === 0, hole);
        frames += 1;
        const { closes, pendingBytes, announcedBytes } = shot.effect;
        hole = pendingBytes > 0 ? model : undefined;
        const givesUp = announcedBytes > MOST_ANNOUNCED_BYTES || this.#random.next() < GIVE_UP_SHARE;
        isOver = closes || (pendingBytes > 0 && givesUp);
        return shot;
      },
    };
  }

  /** Draws until the bounds of the state admit what came. `hole`: the model of a connection with half a frame. */
  #shot(target: Target, isFirst: boolean, hole: ServerModel | undefined): { shot: Shot; model: ServerModel } {
    for (let draw = 0; draw < MOST_DRAWS; draw++) {
      const mutant = this.#mutator.next(target);
      const model = new ServerModel(target, isFirst);
      const alone = model.feed(mutant.bytes);
      if (!this.rows.admits(alone.frames)) continue;
      if (hole === undefined) return { shot: { ...mutant, effect: alone, decodes: decodes(alone) }, model };
      return { shot: { ...mutant, effect: hole.feed(mutant.bytes), decodes: false }, model: hole };
    }
    throw new Error(`no mutant within the bounds of the state: ${this.rows.summary()}`);
  }
}

/** Whole frames, all of them commands, and nothing else. */
function decodes({ frames, closes, pendingBytes }: Effect): boolean {
  return frames.length > 0 && !closes && pendingBytes === 0;
}
