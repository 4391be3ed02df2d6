import { commands } from '../codec/commands.ts';
import type { OutputBuffer } from '../codec/output-buffer.ts';
import { responseCode } from '../codec/response-codes.ts';
import { ResponseTemplate } from '../codec/response-template.ts';
import type { WrittenReply } from '../remoting/handler.ts';
import type { GetMessageResult } from '../store/results.ts';

/** Room for 32 messages of 2 KiB. An answer with more gets memory of its own, which is not copied. */
const MEMORY_BYTES = 65_536;
const NO_RECORDS: Buffer = Buffer.alloc(0);

const FOUND = new ResponseTemplate(commands.PULL_MESSAGE, {
  code: responseCode('SUCCESS'),
  remark: 'FOUND',
  fields: ['suggestWhichBrokerId', 'nextBeginOffset', 'minOffset', 'maxOffset'],
});

/**
 * The answer to a pull that found messages, and the memory they are read into: one of each for all pulls of a broker,
 * because an answer is written before the next pull begins.
 */
export class FoundReply implements WrittenReply {
  #memory: Buffer | undefined;
  #body = NO_RECORDS;
  #suggestWhichBrokerId = 0;
  #nextBeginOffset = 0;
  #minOffset = 0;
  #maxOffset = 0;

  /** Where the store may put what it finds. */
  get memory(): Buffer {
    this.#memory ??= Buffer.allocUnsafeSlow(MEMORY_BYTES);
    return this.#memory;
  }

  /** This answer, with what a pull has found in {@link memory}. */
  with(found: GetMessageResult, suggestWhichBrokerId: number): this {
    this.#body = found.body;
    this.#suggestWhichBrokerId = suggestWhichBrokerId;
    this.#nextBeginOffset = found.nextBeginOffset;
    this.#minOffset = found.minOffset;
    this.#maxOffset = found.maxOffset;
    return this;
  }

  writeNow(out: OutputBuffer, opaque: number): void {
    const frame = FOUND.begin(out);
    out.decimal(this.#suggestWhichBrokerId);
    FOUND.next(out);
    out.decimal(this.#nextBeginOffset);
    FOUND.next(out);
    out.decimal(this.#minOffset);
    FOUND.next(out);
    out.decimal(this.#maxOffset);
    FOUND.end(out, frame, opaque, this.#body.length);
    out.raw(this.#body);
  }
}
