/**
 * The rule for topic and group names, the official client's own, applied by the broker and the name server to every
 * request that could create state or a path (CVE-2019-17572). Java (client): Validators#checkTopic, #checkGroup.
 */

/** Namespace of the KV configuration with the queues of ordered topics. Java: NamesrvUtil. */
export const ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG';

export const TOPIC_MOST_CHARACTERS = 127;
export const GROUP_MOST_CHARACTERS = 255;
const PATTERN_TEXT = '^[%|a-zA-Z0-9_-]+$';

/** Why a topic may not be used in a request that creates state, in the client's words; undefined when it may. */
export function topicNameProblem(topic: string): string | undefined {
  if (topic.trim() === '') return 'The specified topic is blank';
  if (!allowed(topic))
    return `The specified topic[${topic}] contains illegal characters, allowing only ${PATTERN_TEXT}`;
  if (topic.length > TOPIC_MOST_CHARACTERS) {
    return `The specified topic is longer than topic max length ${TOPIC_MOST_CHARACTERS}.`;
  }
  return undefined;
}

/** Why a group may not be used in a request that creates state, in the client's words; undefined when it may. */
export function groupNameProblem(group: string): string | undefined {
  if (group.trim() === '') return 'the specified group is blank';
  if (!allowed(group))
    return `the specified group[${group}] contains illegal characters, allowing only ${PATTERN_TEXT}`;
  if (group.length > GROUP_MOST_CHARACTERS) return 'the specified group is longer than group max length 255.';
  return undefined;
}

/**
 * True when a name that is already in a store directory may be used as one path segment. Such names are loaded as
 * they are; only new writes under an unsafe one are refused.
 */
export function isSafePathSegment(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || Buffer.byteLength(name, 'utf8') > 255) return false;
  return !/[/\\\0]/.test(name);
}

/** A loop, because it runs for every new name of a request: letters, digits, `%`, `|`, `_`, `-`. */
function allowed(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const c = name.charCodeAt(at);
    const letterOrDigit = (c >= 0x30 && c <= 0x39) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a);
    if (!letterOrDigit && c !== 0x25 && c !== 0x7c && c !== 0x5f && c !== 0x2d) return false;
  }
  return name.length > 0;
}
