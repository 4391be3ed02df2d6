import { checkDepth, SqlBuilder } from './sql-build.ts';
import { escaped, SqlError, SqlErrorClass } from './sql-error.ts';
import { SqlLexer, type Token, TokenKind, tokenName } from './sql-lexer.ts';
import type { CompareOperator, SqlConstant, SqlNode } from './sql-node.ts';

/**
 * The condition an SQL92 expression stands for. What follows a whole condition is not looked at, but for one token,
 * which must be one: `a = 1 nonsense` is `a = 1`. Throws SqlError. Java: SelectorParser#parse.
 */
export function parseSql(text: string): SqlNode {
  return new SqlParser(text).parse();
}

/** Recursive descent over Java's grammar; notes what it could have gone on with, for the same error texts. */
class SqlParser {
  readonly #lexer: SqlLexer;
  readonly #build = new SqlBuilder();
  #ahead: Token | undefined;
  #afterAhead: Token | undefined;
  #depth = 0;
  /** Kinds looked for since the last token was taken. Java: the fields jjLa1 with the newest jjGen. */
  readonly #expected = new Set<TokenKind>();

  constructor(text: string) {
    this.#lexer = new SqlLexer(text);
  }

  parse(): SqlNode {
    return this.#build.condition(this.#or());
  }

  #or(): SqlNode {
    let left = this.#and();
    while (this.#is(TokenKind.OR)) {
      this.#take(TokenKind.OR);
      const right = this.#and();
      left = this.#build.chain('or', this.#build.condition(left), this.#build.condition(right));
    }
    return left;
  }

  #and(): SqlNode {
    let left = this.#equality();
    while (this.#is(TokenKind.AND)) {
      this.#take(TokenKind.AND);
      const right = this.#equality();
      left = this.#build.chain('and', this.#build.condition(left), this.#build.condition(right));
    }
    return left;
  }

  #equality(): SqlNode {
    let left = this.#comparison();
    while (this.#is(TokenKind.EQUAL, TokenKind.NOT_EQUAL, TokenKind.IS)) {
      const { kind } = this.#take(this.#next().kind);
      if (kind === TokenKind.IS) left = this.#nullTest(left);
      else {
        const equal = this.#build.equal(left, this.#comparison());
        left = kind === TokenKind.EQUAL ? equal : this.#build.not(equal);
      }
    }
    return left;
  }

  #nullTest(left: SqlNode): SqlNode {
    if (this.#next().kind === TokenKind.NULL) {
      this.#take(TokenKind.NULL);
      return this.#build.isNull(left);
    }
    this.#take(TokenKind.NOT);
    this.#take(TokenKind.NULL);
    return this.#build.not(this.#build.isNull(left));
  }

  #comparison(): SqlNode {
    let left = this.#unary();
    for (;;) {
      const { kind } = this.#next();
      const operator = OPERATORS.get(kind);
      if (operator !== undefined) {
        this.#take(kind);
        left = this.#build.compare(operator, left, this.#unary());
      } else if (kind === TokenKind.BETWEEN || kind === TokenKind.IN) left = this.#range(left, false);
      else if (kind === TokenKind.NOT) {
        const after = this.#second().kind;
        if (after !== TokenKind.BETWEEN && after !== TokenKind.IN) throw this.#unexpected(...AFTER_NOT);
        this.#take(TokenKind.NOT);
        left = this.#range(left, true);
      } else {
        this.#is(TokenKind.NOT, ...AFTER_NOT);
        return left;
      }
    }
  }

  /** What follows BETWEEN or IN. */
  #range(left: SqlNode, not: boolean): SqlNode {
    const { kind } = this.#take(this.#next().kind);
    if (kind === TokenKind.BETWEEN) {
      const low = this.#unary();
      this.#take(TokenKind.AND);
      const high = this.#unary();
      return not ? this.#build.notBetween(left, low, high) : this.#build.between(left, low, high);
    }
    this.#take(TokenKind.OPEN);
    const elements = [this.#string()];
    while (this.#is(TokenKind.COMMA)) {
      this.#take(TokenKind.COMMA);
      elements.push(this.#string());
    }
    this.#take(TokenKind.CLOSE);
    return this.#build.in(left, elements, not);
  }

  #unary(): SqlNode {
    this.#depth += 1;
    checkDepth(this.#depth);
    const node = this.#unaryInside();
    this.#depth -= 1;
    return node;
  }

  #unaryInside(): SqlNode {
    const { kind } = this.#next();
    if (kind === TokenKind.PLUS) return this.#plus();
    if (kind === TokenKind.MINUS) {
      this.#take(kind);
      return this.#build.negate(this.#unary());
    }
    if (kind === TokenKind.NOT) {
      this.#take(kind);
      return this.#build.not(this.#build.condition(this.#unary()));
    }
    if (kind === TokenKind.OPEN) {
      this.#take(kind);
      const inside = this.#or();
      this.#take(TokenKind.CLOSE);
      return inside;
    }
    if (!OPERANDS.includes(kind)) throw this.#unexpected(...AFTER_OPERATOR);
    return this.#operand(this.#take(kind));
  }

  /** The generated parser looks ahead over the whole operand, and blames the sign for what is wrong in it. */
  #plus(): SqlNode {
    const sign = this.#next();
    const blamed = this.#unexpected(...AFTER_OPERATOR);
    this.#take(sign.kind);
    try {
      return this.#unary();
    } catch (error) {
      throw error instanceof UnexpectedToken ? blamed : error;
    }
  }

  #operand({ kind, image }: Token): SqlNode {
    switch (kind) {
      case TokenKind.ID:
        return this.#build.property(image);
      case TokenKind.STRING:
        return this.#build.constant({ type: 'string', value: unquoted(image) });
      case TokenKind.DECIMAL:
        return this.#build.constant(decimal(image));
      case TokenKind.FLOAT:
        return this.#build.constant(float(image));
      default:
        return this.#build.boolean(kind === TokenKind.NULL ? undefined : kind === TokenKind.TRUE);
    }
  }

  #string(): string {
    return unquoted(this.#take(TokenKind.STRING).image);
  }

  #next(): Token {
    this.#ahead ??= this.#lexer.next();
    return this.#ahead;
  }

  #second(): Token {
    this.#next();
    this.#afterAhead ??= this.#lexer.next();
    return this.#afterAhead;
  }

  /** Whether one of these kinds is next; if not, they count as what could have been there. */
  #is(...kinds: readonly TokenKind[]): boolean {
    if (kinds.includes(this.#next().kind)) return true;
    for (const kind of kinds) this.#expected.add(kind);
    return false;
  }

  #take(kind: TokenKind): Token {
    const token = this.#next();
    if (token.kind !== kind) throw this.#unexpected(kind);
    this.#ahead = this.#afterAhead;
    this.#afterAhead = undefined;
    this.#expected.clear();
    return token;
  }

  /** Java: ParseException#initialise. */
  #unexpected(...kinds: readonly TokenKind[]): UnexpectedToken {
    const { kind, image, line, column } = this.#next();
    const met = kind === TokenKind.EOF ? tokenName(kind) : ` ${tokenName(kind)} "${escaped(image)} "`;
    const wanted = [...new Set([...this.#expected, ...kinds])].sort((left, right) => left - right);
    const heading = wanted.length === 1 ? 'Was expecting:' : 'Was expecting one of:';
    const names = wanted.map((each) => `${tokenName(each)} ...\n    `).join('');
    return new UnexpectedToken(
      SqlErrorClass.parse,
      `Encountered "${met}" at line ${line}, column ${column}.\n${heading}\n    ${names}`,
    );
  }
}

/** A token that does not go on what stands before it. */
class UnexpectedToken extends SqlError {}

/** A string literal without its quotes; two in a row stand for one. */
function unquoted(image: string): string {
  return image.slice(1, -1).replaceAll("''", "'");
}

/** An int when it fits one, else a long. Java: ConstantExpression#createFromDecimal. */
function decimal(image: string): SqlConstant {
  const digits = image.replace(/l$/i, '');
  const value = digits.length > MOST_DIGITS ? undefined : BigInt(digits);
  if (value === undefined || value > MAX_LONG)
    throw new SqlError(SqlErrorClass.number, `For input string: "${digits}"`);
  return value <= MAX_INT ? { type: 'int', value: Number(value) } : { type: 'long', value };
}

/** Neither zero nor beyond a double. Java: ConstantExpression#createFloat. */
function float(image: string): SqlConstant {
  const value = Number(image);
  if (value === Number.POSITIVE_INFINITY) {
    throw new SqlError(SqlErrorClass.value, `${image} is greater than ${MAX_DOUBLE}`);
  }
  if (value === 0) throw new SqlError(SqlErrorClass.value, `${image} is less than ${MIN_DOUBLE}`);
  return { type: 'double', value };
}

const MOST_DIGITS = 19;
const MAX_INT = 2n ** 31n - 1n;
const MAX_LONG = 2n ** 63n - 1n;
/** As Java prints them. */
const MAX_DOUBLE = '1.7976931348623157E308';
const MIN_DOUBLE = '4.9E-324';

const OPERATORS: ReadonlyMap<TokenKind, CompareOperator> = new Map([
  [TokenKind.GREATER, '>'],
  [TokenKind.GREATER_EQUAL, '>='],
  [TokenKind.LESS, '<'],
  [TokenKind.LESS_EQUAL, '<='],
]);
const OPERANDS: readonly TokenKind[] = [
  TokenKind.TRUE,
  TokenKind.FALSE,
  TokenKind.NULL,
  TokenKind.DECIMAL,
  TokenKind.FLOAT,
  TokenKind.STRING,
  TokenKind.ID,
];
/** What Java names when an operand is missing, and when a NOT goes on nothing. */
const AFTER_OPERATOR: readonly TokenKind[] = [TokenKind.NOT, ...OPERANDS, TokenKind.OPEN, TokenKind.MINUS];
const AFTER_NOT: readonly TokenKind[] = [TokenKind.BETWEEN, TokenKind.IN, ...OPERATORS.keys()];
