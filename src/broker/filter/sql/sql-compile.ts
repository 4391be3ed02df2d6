import { AssertionError, assert } from '../../../util/assert.ts';
import { type PropertyValue, WantedProperties } from './message-properties.ts';
import { compareConstants, compareNumbers, type Order } from './sql-compare.ts';
import type { CompareOperator, SqlConstant, SqlNode } from './sql-node.ts';

/**
 * What a condition says of a message: true, false, unknown (undefined, SQL's null), or that Java's evaluator ends with
 * an exception. Only true lets a message through.
 */
export type Truth = boolean | undefined | 'error';

/** A condition that can be asked about messages. */
export class SqlCondition {
  /** Parts of the expression: what one message costs. */
  readonly size: number;
  readonly #properties = new WantedProperties();
  readonly #root: () => Truth;

  constructor(node: SqlNode) {
    const compiler = new Compiler(this.#properties);
    this.#root = compiler.condition(node);
    this.size = compiler.size;
  }

  /** Asks about the message whose properties text lies at [start, end) of `bytes`. Never throws for any bytes. */
  evaluate(bytes: Buffer, start: number, end: number): Truth {
    this.#properties.bind(bytes, start, end);
    try {
      return this.#root();
    } finally {
      this.#properties.forget();
    }
  }
}

type Condition = () => Truth;
/** What an operand is worth: a constant, a boolean, undefined for null, or the exception. */
type Value = SqlConstant | boolean | undefined | 'error';

/** Turns nodes into closures over the values of the properties. */
class Compiler {
  size = 0;
  readonly #properties: WantedProperties;

  constructor(properties: WantedProperties) {
    this.#properties = properties;
  }

  condition(node: SqlNode): Condition {
    this.size += 1;
    switch (node.kind) {
      case 'boolean':
        return () => node.value;
      case 'not':
        return negated(this.condition(node.of));
      case 'and':
        return chain(this.#conditions(node.items), false);
      case 'or':
        return chain(this.#conditions(node.items), true);
      case 'in':
        return isIn(this.#properties.value(node.name), new Set(node.elements), node.not);
      case 'equal':
        return this.#equal(node.left, node.right);
      case 'compare':
        return this.#compare(node.operator, node.left, node.right);
      case 'cast':
        return this.#cast(node.of);
      default:
        throw new AssertionError(`a ${node.kind} as a condition`);
    }
  }

  #conditions(nodes: readonly SqlNode[]): Condition[] {
    return nodes.map((node) => this.condition(node));
  }

  /** A property is never a boolean: it is false when it is there. Java: UnaryExpression#createBooleanCast. */
  #cast(of: SqlNode): Condition {
    assert(of.kind === 'property', 'only a property is cast');
    const value = this.#properties.value(of.name);
    return () => (value.isThere ? false : undefined);
  }

  #equal(left: SqlNode, right: SqlNode): Condition {
    if (left.kind === 'property') {
      const value = this.#properties.value(left.name);
      if (right.kind === 'boolean' && right.value === undefined) return () => !value.isThere;
      const wanted = folded(right);
      if (wanted?.type === 'string') {
        const { value: text } = wanted;
        return () => (value.isThere ? value.text === text : undefined);
      }
      if (wanted !== undefined) {
        return () => (value.isThere ? isZero(compareTo(value, wanted)) : undefined);
      }
    }
    return equal(this.#operand(left), this.#operand(right));
  }

  #compare(operator: CompareOperator, left: SqlNode, right: SqlNode): Condition {
    const holds = ORDERS[operator];
    const constant = folded(right);
    if (left.kind === 'property' && constant !== undefined) {
      const value = this.#properties.value(left.name);
      return () => (value.isThere ? judged(compareTo(value, constant), holds) : undefined);
    }
    if (left.kind === 'property' && right.kind === 'property') {
      return ordered(this.#properties.value(left.name), this.#properties.value(right.name), holds);
    }
    return compared(this.#operand(left), this.#operand(right), holds);
  }

  #operand(node: SqlNode): () => Value {
    const constant = folded(node);
    if (constant !== undefined) return () => constant;
    if (node.kind === 'property') {
      const value = this.#properties.value(node.name);
      return () => (value.isThere ? { type: 'string', value: value.text ?? '' } : undefined);
    }
    if (node.kind !== 'negate') return this.condition(node);
    // Only numbers can be negated; of anything else nothing is left but its exception.
    const of = this.#operand(node.of);
    return () => (of() === 'error' ? 'error' : undefined);
  }
}

/** A literal, or a number with its minus signs; undefined for what depends on the message. */
function folded(node: SqlNode): SqlConstant | undefined {
  if (node.kind === 'constant') return node.constant;
  if (node.kind !== 'negate') return undefined;
  const of = folded(node.of);
  switch (of?.type) {
    case 'int':
      return { type: 'int', value: 0 - of.value };
    case 'long':
      return { type: 'long', value: BigInt.asIntN(64, -of.value) };
    case 'double':
      return { type: 'double', value: -of.value };
    default:
      return undefined;
  }
}

/** SQL's AND and OR over a row: the first part that is `decisive` decides, an exception before it ends everything. */
function chain(conditions: readonly Condition[], decisive: boolean): Condition {
  return () => {
    let unknown = false;
    for (const condition of conditions) {
      const truth = condition();
      if (truth === decisive || truth === 'error') return truth;
      if (truth === undefined) unknown = true;
    }
    return unknown ? undefined : !decisive;
  };
}

function negated(of: Condition): Condition {
  return () => {
    const truth = of();
    return typeof truth === 'boolean' ? !truth : truth;
  };
}

function isIn(value: PropertyValue, elements: ReadonlySet<string>, not: boolean): Condition {
  return () => {
    const { text } = value;
    return text === undefined ? undefined : elements.has(text) !== not;
  };
}

/** Null on the left alone is unknown, on the right alone false, on both true. Java: #doCreateEqual. */
function equal(left: () => Value, right: () => Value): Condition {
  return () => {
    const leftValue = left();
    if (leftValue === 'error') return 'error';
    const rightValue = right();
    if (rightValue === 'error') return 'error';
    if (leftValue === undefined) return rightValue === undefined ? true : undefined;
    if (rightValue === undefined) return false;
    return isZero(compareConstants(leftValue, rightValue));
  };
}

/** What is not a property and its literal. Java: ComparisonExpression#evaluate. */
function compared(left: () => Value, right: () => Value, holds: (order: number) => boolean): Condition {
  return () => {
    const leftValue = left();
    if (leftValue === undefined || leftValue === 'error') return leftValue;
    const rightValue = right();
    if (rightValue === undefined || rightValue === 'error') return rightValue;
    return judged(compareConstants(leftValue, rightValue), holds);
  };
}

/** Two properties are ordered as doubles or not at all. */
function ordered(left: PropertyValue, right: PropertyValue, holds: (order: number) => boolean): Condition {
  return () => {
    if (!left.isThere || !right.isThere) return undefined;
    const leftNumber = left.numberAs('double');
    const rightNumber = right.numberAs('double');
    if (leftNumber === undefined || rightNumber === undefined) return 'error';
    return holds(compareNumbers(leftNumber, rightNumber));
  };
}

/** A property against a number, as a number of its type. */
function compareTo(value: PropertyValue, constant: SqlConstant): Order {
  const number = value.numberAs(constant.type);
  if (number === undefined || constant.type === 'string') return 'not a number';
  return compareNumbers(number, constant.value);
}

function isZero(order: Order): Truth {
  return order === 'not a number' ? 'error' : order === 0;
}

function judged(order: Order, holds: (order: number) => boolean): Truth {
  return order === 'not a number' ? 'error' : holds(order);
}

const ORDERS: Readonly<Record<CompareOperator, (order: number) => boolean>> = {
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
};
