/** Java's classes for what is wrong with an expression; clients see the name in front of the text. */
export const SqlErrorClass = {
  parse: 'org.apache.rocketmq.filter.parser.ParseException',
  token: 'org.apache.rocketmq.filter.parser.TokenMgrError',
  value: 'java.lang.RuntimeException',
  number: 'java.lang.NumberFormatException',
} as const;

/** An expression that does not compile. The message is what Java's broker answers: class name, colon, text. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  /** True when only our bounds are exceeded, where Java takes the expression. */
  readonly tooLarge: boolean;

  constructor(javaClass: string, text: string, tooLarge = false) {
    super(`${javaClass}: ${text}`);
    this.tooLarge = tooLarge;
  }
}

/** Characters as the generated parser shows them in its texts. Java: ParseException#addEscapes. */
export function escaped(text: string): string {
  let out = '';
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0) continue;
    const short = SHORT_ESCAPES.get(text.charAt(at));
    if (short !== undefined) out += short;
    else out += code < 0x20 || code > 0x7e ? `\\u${code.toString(16).padStart(4, '0')}` : text.charAt(at);
  }
  return out;
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['"', '\\"'],
  ["'", "\\'"],
  ['\\', '\\\\'],
]);
