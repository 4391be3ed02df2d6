import type { HeaderSchema, HeaderValues } from '../codec/header.ts';
import { parseInteger, parseLong } from '../codec/header-view.ts';
import { type ResponseName, responseCode } from '../codec/response-codes.ts';
import { type Answer, RemotingError } from '../remoting/reply.ts';

/** A server answered, but not with one of the codes that were expected. Java: MQBrokerException, MQClientException. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  /** undefined for a number that 4.6.0 does not know. */
  readonly code: ResponseName | undefined;
  readonly codeNumber: number;
  /** Who answered so. */
  readonly address: string;
  constructor(answer: Answer, address: string) {
    super(`CODE: ${answer.code}  DESC: ${answer.remark ?? 'none'}`);
    this.code = answer.codeName;
    this.codeNumber = answer.code;
    this.address = address;
  }

  /** The message without what follows a line break: Java's pointer to its web pages, or a stack. */
  get firstLine(): string {
    return this.message.split('\n', 1)[0] ?? '';
  }
}

/** A refusal that no server sent: what Java's client itself says of something that the cluster does not have. */
export function refused(codeName: ResponseName, remark: string, address: string): AnswerError {
  const answer = { remark, extFields: new Map(), hasExtFields: false, body: undefined, version: 0 };
  return new AnswerError({ ...answer, code: responseCode(codeName), codeName }, address);
}

/**
 * One line for the user: what was answered, by whom, or why there is no answer; undefined for an error that says
 * nothing about the cluster.
 */
export function failureText(error: unknown): string | undefined {
  if (error instanceof RemotingError) return error.message;
  if (!(error instanceof AnswerError)) return undefined;
  return `${error.firstLine} (${error.code ?? 'unknown code'} from ${error.address})`;
}

/** What was asked for, or the line of {@link failureText} about why there is none. */
export type Attempt<T> =
  | { readonly value: T; readonly failure?: undefined }
  | { readonly value?: undefined; readonly failure: string };

/** Waits for an answer; rejects only with errors that say nothing about the cluster. */
export async function attempt<T>(asked: Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await asked };
  } catch (error) {
    const failure = failureText(error);
    if (failure === undefined) throw error;
    return { failure };
  }
}

/** Waits for an answer; undefined for a refusal, where it is how a server says that it has no such thing. */
export async function unlessRefused<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AnswerError) return undefined;
    throw error;
  }
}

/** The answer when its code is among `expected`; throws {@link AnswerError} otherwise. */
export function expectCode<A extends Answer>(answer: A, address: string, ...expected: readonly ResponseName[]): A {
  if (expected.some((name) => responseCode(name) === answer.code)) return answer;
  throw new AnswerError(answer, address);
}

/**
 * The header of an answer, by the schema of its row. A field that is missing or no number is undefined where the schema
 * has it optional, and Java's default (0, false, empty) everywhere else.
 * Java: RemotingCommand#decodeCommandCustomHeader.
 */
export function answerHeader<S extends HeaderSchema>(
  schema: S,
  extFields: ReadonlyMap<string, string>,
): HeaderValues<S> {
  const out: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(schema)) {
    const text = extFields.get(row.wire ?? name);
    const value = text === undefined ? undefined : parsed(row.kind, text);
    out[name] = value ?? (row.need === 'optional' ? undefined : DEFAULTS[row.kind]);
  }
  return out as HeaderValues<S>;
}

const DEFAULTS = { string: '', int: 0, long: 0, boolean: false, double: 0 } as const;
const INT_MAX = 0x7fffffff;

function parsed(kind: keyof typeof DEFAULTS, text: string): unknown {
  if (kind === 'string') return text;
  if (kind === 'boolean') return text.toLowerCase() === 'true';
  const bytes = Buffer.from(text, 'utf8');
  const length = bytes.length;
  const number = kind === 'int' ? parseInteger(bytes, 0, length, INT_MAX) : parseLong(bytes, 0, length);
  return Number.isNaN(number) ? undefined : number;
}
