import { SqlCondition } from '../../src/broker/filter/sql/sql-compile.ts';
import { SqlError } from '../../src/broker/filter/sql/sql-error.ts';
import { compileSql } from '../../src/broker/filter/sql/sql-filter.ts';
import type { SqlNode } from '../../src/broker/filter/sql/sql-node.ts';
import { parseSql } from '../../src/broker/filter/sql/sql-parser.ts';
import type { CompileSql } from './run.ts';

/** Bugs a comparison with Java has to find, by what they make of an expression. */
export const plantedBugs: Readonly<Record<string, CompileSql>> = {
  'NOT of unknown is true': rewriting((node) =>
    node.kind === 'not'
      ? { kind: 'or', items: [node, { kind: 'equal', left: node.of, right: UNKNOWN, depth: node.depth }], depth: 150 }
      : node,
  ),
  'NOT BETWEEN takes the bounds in': rewriting((node) =>
    node.kind === 'compare' && (node.operator === '<' || node.operator === '>')
      ? { ...node, operator: node.operator === '<' ? '<=' : '>=' }
      : node,
  ),
  'AND looks at its right side first': rewriting((node) =>
    node.kind === 'and' && node.items.length === 2 ? { ...node, items: [...node.items].reverse() } : node,
  ),
  'a property alone is true when it says so': rewriting((node) =>
    node.kind === 'cast' ? { kind: 'equal', left: node.of, right: TRUE, depth: 2 } : node,
  ),
  'keywords in capitals only': (expression) => compileSql(expression.replace(/\b(and|or|not|is)\b/g, '_$1')),
};

const UNKNOWN: SqlNode = { kind: 'boolean', value: undefined, depth: 1 };
const TRUE: SqlNode = { kind: 'boolean', value: true, depth: 1 };

/** Compiles what `change` makes of every node, from the leaves up. */
function rewriting(change: (node: SqlNode) => SqlNode): CompileSql {
  const rewritten = (node: SqlNode): SqlNode => {
    switch (node.kind) {
      case 'not':
      case 'negate':
      case 'cast':
        return change({ ...node, of: rewritten(node.of) });
      case 'equal':
      case 'compare':
        return change({ ...node, left: rewritten(node.left), right: rewritten(node.right) });
      case 'and':
      case 'or':
        return change({ ...node, items: node.items.map(rewritten) });
      default:
        return change(node);
    }
  };
  return (expression) => {
    try {
      return new SqlCondition(rewritten(parseSql(expression)));
    } catch (error) {
      if (error instanceof SqlError) return error;
      throw error;
    }
  };
}
