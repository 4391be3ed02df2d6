import { compareConstants } from './sql-compare.ts';
import { SqlError, SqlErrorClass } from './sql-error.ts';
import {
  type CompareOperator,
  constantText,
  isBooleanNode,
  nodeText,
  type SqlConstant,
  type SqlNode,
} from './sql-node.ts';

/** What is deeper or larger is refused: no expression exhausts the stack (docs/adr/0036-sql-filters.md). */
const MOST_DEPTH = 200;
const MOST_NODES = 4_096;

/** Makes the nodes of one expression and checks operands as Java does. Every method throws SqlError. */
export class SqlBuilder {
  #nodes = 0;

  property(name: string): SqlNode {
    return this.#counted({ kind: 'property', name, depth: 1 });
  }

  constant(constant: SqlConstant): SqlNode {
    return this.#counted({ kind: 'constant', constant, depth: 1 });
  }

  /** TRUE, FALSE and, for undefined, NULL. */
  boolean(value: boolean | undefined): SqlNode {
    return this.#counted({ kind: 'boolean', value, depth: 1 });
  }

  negate(of: SqlNode): SqlNode {
    return this.#counted({ kind: 'negate', of, depth: of.depth + 1 });
  }

  not(of: SqlNode): SqlNode {
    return this.#counted({ kind: 'not', of, depth: of.depth + 1 });
  }

  /** A property may stand where a condition is wanted; anything else must be one. Java: #asBooleanExpression. */
  condition(of: SqlNode): SqlNode {
    if (isBooleanNode(of)) return of;
    if (of.kind === 'property') return this.#counted({ kind: 'cast', of, depth: of.depth + 1 });
    const text = `Expression will not result in a boolean value: ${nodeText(of)}`;
    throw new SqlError(SqlErrorClass.parse, text);
  }

  /** Left and right in a row: what Java nests to the left is one chain here. */
  chain(kind: 'and' | 'or', left: SqlNode, right: SqlNode): SqlNode {
    const depth = Math.max(left.kind === kind ? left.depth : left.depth + 1, right.depth + 1);
    if (left.kind !== kind) return this.#counted({ kind, items: [left, right], depth });
    // The chain was made a moment ago and belongs to nobody else: it may grow.
    (left.items as SqlNode[]).push(right);
    return this.#counted({ kind, items: left.items, depth });
  }

  equal(left: SqlNode, right: SqlNode): SqlNode {
    for (const operand of [left, right]) {
      if (operand.kind === 'boolean' && operand.value === undefined) throw wrong("'NULL' cannot be compared.");
    }
    if (left.kind === 'boolean' && right.kind === 'constant') {
      throw wrong(`'${nodeText(left)}' cannot be compared with '${nodeText(right)}'`);
    }
    return this.#equal(left, right);
  }

  isNull(of: SqlNode): SqlNode {
    return this.#equal(of, this.boolean(undefined));
  }

  compare(operator: CompareOperator, left: SqlNode, right: SqlNode): SqlNode {
    for (const operand of [left, right]) {
      const isNumber = operand.kind === 'constant' && operand.constant.type !== 'string';
      if (isNumber || (operand.kind !== 'constant' && !isBooleanNode(operand))) continue;
      throw wrong(`Value '${nodeText(operand)}' cannot be compared.`);
    }
    const depth = Math.max(left.depth, right.depth) + 1;
    return this.#counted({ kind: 'compare', operator, left, right, depth });
  }

  between(value: SqlNode, low: SqlNode, high: SqlNode): SqlNode {
    checkBounds(low, high);
    return this.chain('and', this.compare('>=', value, low), this.compare('<=', value, high));
  }

  notBetween(value: SqlNode, low: SqlNode, high: SqlNode): SqlNode {
    return this.chain('or', this.compare('<', value, low), this.compare('>', value, high));
  }

  in(left: SqlNode, elements: readonly string[], not: boolean): SqlNode {
    if (left.kind !== 'property') throw wrong(`Expected a property for In expression, got: ${nodeText(left)}`);
    return this.#counted({ kind: 'in', name: left.name, elements, not, depth: 1 });
  }

  #equal(left: SqlNode, right: SqlNode): SqlNode {
    return this.#counted({ kind: 'equal', left, right, depth: Math.max(left.depth, right.depth) + 1 });
  }

  #counted<T extends SqlNode>(node: T): T {
    this.#nodes += 1;
    checkSize('parts', this.#nodes, MOST_NODES);
    checkDepth(node.depth);
    return node;
  }
}

/** Throws SqlError for what is nested deeper than our own code goes down. */
export function checkDepth(depth: number): void {
  checkSize('levels', depth, MOST_DEPTH);
}

/** Throws SqlError when there is more of something than we take, and Java does. */
export function checkSize(what: string, size: number, most: number): void {
  if (size <= most) return;
  throw new SqlError(SqlErrorClass.value, `the expression has more than ${most} ${what}`, true);
}

/** Only literals are looked at: a negative bound is an operation on one. Java: ComparisonExpression#createBetween. */
function checkBounds(low: SqlNode, high: SqlNode): void {
  if (!isLiteral(low) || !isLiteral(high)) return;
  const lowValue = literalValue(low);
  const highValue = literalValue(high);
  if (lowValue === undefined || highValue === undefined) {
    throw wrong('Illegal values of between, values can not be null!');
  }
  const order = compareConstants(highValue, lowValue);
  if (order === 'not a number') throw unlike(highValue, lowValue);
  if (order >= 0) return;
  const [left, right] = [lowValue, highValue].map((value) =>
    typeof value === 'boolean' ? value : constantText(value),
  );
  throw wrong(`Illegal values of between, left value(${left}) must less than or equal to right value(${right})`);
}

/** Java tries to read the text as a number; a boolean it takes for a text, which ends with a text of its own. */
function unlike(high: SqlConstant | boolean, low: SqlConstant | boolean): SqlError {
  const text = [high, low].find((value) => typeof value === 'object' && value.type === 'string');
  if (typeof high === 'boolean') return new SqlError('java.lang.ClassCastException', 'a boolean is not a text');
  const input = typeof text === 'object' ? String(text.value) : '';
  const number = [high, low].find((value) => typeof value === 'object' && value.type === 'double');
  const reason = number !== undefined && input.trim() === '' ? 'empty String' : `For input string: "${input}"`;
  return wrong(`${SqlErrorClass.number}: ${reason}`);
}

function isLiteral({ kind }: SqlNode): boolean {
  return kind === 'constant' || kind === 'boolean';
}

function literalValue(node: SqlNode): SqlConstant | boolean | undefined {
  if (node.kind === 'constant') return node.constant;
  return node.kind === 'boolean' ? node.value : undefined;
}

function wrong(text: string): SqlError {
  return new SqlError(SqlErrorClass.value, text);
}
