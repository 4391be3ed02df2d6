import { checkSize } from './sql-build.ts';
import { SqlCondition } from './sql-compile.ts';
import { SqlError } from './sql-error.ts';
import { parseSql } from './sql-parser.ts';

/** Longer expressions are refused (docs/adr/0036-sql-filters.md). */
const MOST_LENGTH = 65_536;
/** Expressions kept compiled. Java: SelectorParser#PARSE_CACHE. */
const MOST_KEPT = 100;

const kept = new Map<string, SqlCondition | SqlError>();

/**
 * The condition of an SQL92 expression, or what is wrong with it; never throws. The newest are kept, because a pull
 * that brings its subscription along brings the same one each time. Java: SqlFilter#compile.
 */
export function compileSql(expression: string): SqlCondition | SqlError {
  const known = kept.get(expression);
  if (known !== undefined) return known;
  const compiled = compileNow(expression);
  if (expression.length > MOST_LENGTH) return compiled;
  const [oldest] = kept.size < MOST_KEPT ? [] : kept.keys();
  if (oldest !== undefined) kept.delete(oldest);
  kept.set(expression, compiled);
  return compiled;
}

function compileNow(expression: string): SqlCondition | SqlError {
  try {
    checkSize('characters', expression.length, MOST_LENGTH);
    return new SqlCondition(parseSql(expression));
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
}
