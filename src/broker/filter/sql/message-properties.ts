import { eachProperty } from '../../../codec/message-properties.ts';
import { parseJavaDouble, parseJavaInt, parseJavaLong } from '../../../util/java-parse.ts';
import type { SqlConstant } from './sql-node.ts';

/**
 * The properties that expressions ask for, of one message after the other. A value becomes a text, and a text a number,
 * once per message at the most, however often an expression names it. Java: MessageEvaluationContext.
 */
export class WantedProperties {
  readonly #slots = new Map<string, number>();
  readonly #values: PropertyValue[] = [];
  readonly #visit = (nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void => {
    // Names of expressions are ASCII: what is not is another name in either reading.
    const slot = this.#slots.get(this.#bytes.toString('latin1', nameStart, nameEnd));
    if (slot !== undefined) this.#values[slot]?.set(valueStart, valueEnd);
  };
  #bytes: Buffer = NO_BYTES;

  /** The value that stands for a name; the same for equal names. */
  value(name: string): PropertyValue {
    const known = this.#slots.get(name);
    if (known !== undefined) return this.#values[known] as PropertyValue;
    const value = new PropertyValue();
    this.#slots.set(name, this.#values.length);
    this.#values.push(value);
    return value;
  }

  /** The message whose properties text lies at [start, end) of `bytes`, until {@link forget}. */
  bind(bytes: Buffer, start: number, end: number): void {
    for (const value of this.#values) value.clear(bytes);
    this.#bytes = bytes;
    if (this.#values.length > 0) eachProperty(bytes, start, end, this.#visit);
  }

  /** Lets go of the bytes. */
  forget(): void {
    this.#bytes = NO_BYTES;
    for (const value of this.#values) value.clear(NO_BYTES);
  }
}

/** The value of one property in the message at hand. */
export class PropertyValue {
  #bytes: Buffer = NO_BYTES;
  #start = -1;
  #end = -1;
  #text: string | undefined;
  /** undefined: not asked for; NOT_ONE: not a number of the type. */
  #int: number | typeof NOT_ONE | undefined;
  #long: bigint | typeof NOT_ONE | undefined;
  #double: number | typeof NOT_ONE | undefined;

  clear(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#start = -1;
    this.#text = undefined;
    this.#int = undefined;
    this.#long = undefined;
    this.#double = undefined;
  }

  /** Notes where the value lies; of two equal names the last one counts. */
  set(start: number, end: number): void {
    this.#start = start;
    this.#end = end;
  }

  get isThere(): boolean {
    return this.#start >= 0;
  }

  /** undefined when the message has no such property. */
  get text(): string | undefined {
    if (this.#start < 0) return undefined;
    this.#text ??= this.#bytes.toString('utf8', this.#start, this.#end);
    return this.#text;
  }

  /** As a number of that type; undefined when it is none. The property must be there. */
  numberAs(type: SqlConstant['type']): number | bigint | undefined {
    const text = this.text ?? '';
    switch (type) {
      case 'int':
        this.#int ??= parseJavaInt(text) ?? NOT_ONE;
        return this.#int === NOT_ONE ? undefined : this.#int;
      case 'long':
        this.#long ??= parseJavaLong(text) ?? NOT_ONE;
        return this.#long === NOT_ONE ? undefined : this.#long;
      default:
        this.#double ??= parseJavaDouble(text) ?? NOT_ONE;
        return this.#double === NOT_ONE ? undefined : this.#double;
    }
  }
}

const NOT_ONE = 'not a number';
const NO_BYTES = Buffer.alloc(0);
