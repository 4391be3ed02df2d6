import { javaDoubleText } from '../../../codec/java-number.ts';

/** A value a literal stands for, of one of Java's types. Java: ConstantExpression. */
export type SqlConstant =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'long'; readonly value: bigint }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'string'; readonly value: string };

export type CompareOperator = '>' | '>=' | '<' | '<=';

/** One part of an expression; `depth` counts the nodes on the longest way down. Java: Expression. */
export type SqlNode = { readonly depth: number } & (
  | { readonly kind: 'property'; readonly name: string }
  | { readonly kind: 'constant'; readonly constant: SqlConstant }
  | { readonly kind: 'boolean'; readonly value: boolean | undefined }
  | { readonly kind: 'negate' | 'not' | 'cast'; readonly of: SqlNode }
  | { readonly kind: 'equal'; readonly left: SqlNode; readonly right: SqlNode }
  | { readonly kind: 'compare'; readonly operator: CompareOperator; readonly left: SqlNode; readonly right: SqlNode }
  | { readonly kind: 'in'; readonly name: string; readonly elements: readonly string[]; readonly not: boolean }
  | { readonly kind: 'and' | 'or'; readonly items: readonly SqlNode[] }
);

/** Whether Java's class of the node is a BooleanExpression: a property is none, TRUE, FALSE and NULL are. */
export function isBooleanNode({ kind }: SqlNode): boolean {
  return kind !== 'property' && kind !== 'constant' && kind !== 'negate';
}

/** The node as Java prints it into error texts. Java: the toString of the expressions. */
export function nodeText(node: SqlNode): string {
  switch (node.kind) {
    case 'property':
      return node.name;
    case 'constant':
      return node.constant.type === 'string'
        ? `'${node.constant.value.replaceAll("'", "''")}'`
        : constantText(node.constant);
    case 'boolean':
      return node.value === undefined ? 'NULL' : node.value ? 'TRUE' : 'FALSE';
    case 'negate':
      return `(- ${nodeText(node.of)})`;
    case 'not':
      return `(NOT ${nodeText(node.of)})`;
    case 'cast':
      return nodeText(node.of);
    case 'equal':
      return `(${nodeText(node.left)} == ${nodeText(node.right)})`;
    case 'compare':
      return `(${nodeText(node.left)} ${node.operator} ${nodeText(node.right)})`;
    case 'in':
      return `${node.name} ${node.not ? 'NOT IN' : 'IN'} ( ${node.elements.join(', ')} )`;
    default:
      return chainText(node.items, node.kind === 'and' ? '&&' : '||');
  }
}

/** A constant as Java prints its value. */
export function constantText(constant: SqlConstant): string {
  return constant.type === 'double' ? javaDoubleText(constant.value) : String(constant.value);
}

/** Java nests a chain to the left. */
function chainText(items: readonly SqlNode[], symbol: string): string {
  const [first, ...rest] = items.map(nodeText);
  return '('.repeat(rest.length) + (first ?? '') + rest.map((text) => ` ${symbol} ${text})`).join('');
}
