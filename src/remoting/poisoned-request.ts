import type { HeaderSchema } from '../codec/header.ts';
import type { HeaderView } from '../codec/header-view.ts';
import type { RequestSlot } from './request-slot.ts';

const POISON = 0xdb;

/**
 * Debug: a request whose views end where a real one's may be reused. The handler gets revocable stand-ins and reads
 * its body from a copy; afterwards every access to the stand-ins throws and the copy is overwritten.
 */
export class PoisonedRequest {
  readonly request: RequestSlot;
  readonly #frame: Buffer;
  readonly #revoke: (() => void)[] = [];

  constructor(slot: RequestSlot) {
    this.#frame = Buffer.from(slot.bytes);
    slot.frame = this.#frame;
    const header = Proxy.revocable<HeaderView<HeaderSchema>>(slot.header, {});
    slot.header = header.proxy;
    const request = Proxy.revocable(slot, {});
    this.#revoke.push(header.revoke, request.revoke);
    this.request = request.proxy;
  }

  /** Call it when the handler returned: from here on a late read is seen. */
  spoil(): void {
    for (const revoke of this.#revoke) revoke();
    this.#frame.fill(POISON);
  }
}
