import { describe, expect, it } from 'vitest';
import { groupNameProblem, isSafePathSegment, topicNameProblem } from './names.ts';

describe('the names of new topics and groups', () => {
  it.each(['T', '%RETRY%g', 'a|b', 'a-b_c', '0', '%', '|', '-', 'x'.repeat(127)])('takes %o', (name) => {
    expect([topicNameProblem(name), groupNameProblem(name)]).toEqual([undefined, undefined]);
  });

  it.each(['a b', 'a.b', '../x', 'a/b', 'a\\b', 'ä', '恶', 'a\u0000', 'a\n', 'a@b', 'a:b', '[', '`', '{', '^', '~'])(
    "refuses %o in the client's words",
    (name) => {
      const rule = 'contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$';
      expect(topicNameProblem(name)).toBe(`The specified topic[${name}] ${rule}`);
      expect(groupNameProblem(name)).toBe(`the specified group[${name}] ${rule}`);
    },
  );

  it.each(['', ' ', '\t'])('refuses %o as blank', (name) => {
    expect(topicNameProblem(name)).toBe('The specified topic is blank');
    expect(groupNameProblem(name)).toBe('the specified group is blank');
  });

  it('refuses topics over 127 and groups over 255 characters', () => {
    expect(topicNameProblem('x'.repeat(128))).toBe('The specified topic is longer than topic max length 127.');
    expect(groupNameProblem('x'.repeat(255))).toBeUndefined();
    expect(groupNameProblem('x'.repeat(256))).toBe('the specified group is longer than group max length 255.');
  });
});

describe('a name of an old store as a path', () => {
  it.each(['a.b', '...', 'a b', 'ä', '%2e%2e', '~', 'x'.repeat(255)])('is safe: %o', (name) => {
    expect(isSafePathSegment(name)).toBe(true);
  });

  it.each(['', '.', '..', '../x', 'a/b', '/a', 'a\\b', 'a\u0000', 'x'.repeat(256), 'ä'.repeat(128)])(
    'is not safe: %o',
    (name) => {
      expect(isSafePathSegment(name)).toBe(false);
    },
  );
});
