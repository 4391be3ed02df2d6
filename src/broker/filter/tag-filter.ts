import type { MessageFilter } from '../../store/ports.ts';
import { javaStringHash } from '../../util/java-hash.ts';

/** Every message of the topic. */
export const SUB_ALL = '*';

/**
 * Hashes of the tags of an expression such as `A || B`; undefined when it matches every message.
 * @returns 'malformed' for one that consists of separators. Java: FilterAPI#buildSubscriptionData, String#split.
 */
export function tagCodes(expression: string | undefined): number[] | undefined | 'malformed' {
  if (expression === undefined || expression === '' || expression === SUB_ALL) return undefined;
  const parts = expression.split('||');
  if (parts.every((part) => part === '')) return 'malformed';
  const tags = parts.map((part) => part.trim()).filter((tag) => tag !== '');
  return tags.map((tag) => javaStringHash(tag));
}

/**
 * Matches a message by the hash of its tag; the client compares the text again. The broker compares 32 bits only.
 * Java: ExpressionMessageFilter#isMatchedByConsumeQueue.
 */
export function tagFilter(codes: readonly number[]): MessageFilter {
  const wanted = new Set(codes);
  return { isMatchedByConsumeQueue: (_high, low) => wanted.has(low) };
}
