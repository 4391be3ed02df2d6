import { describe, expect, it } from 'vitest';
import { type CommandName, type CommandRow, commandNames, commands, isServed, type Server } from './commands.ts';
import { responseCodes } from './response-codes.ts';

const rows = Object.entries(commands) as [CommandName, CommandRow][];
const codesOf = (server: Server) => rows.filter(([, row]) => row.servedBy.includes(server)).map(([, row]) => row.code);

describe('the table of request codes', () => {
  it('has the 93 codes of 4.6.0, each once and in order', () => {
    const codes = rows.map(([, row]) => row.code);
    expect(codes).toHaveLength(93);
    expect(new Set(codes).size).toBe(93);
    expect([...codes].sort((a, b) => a - b)).toEqual(codes);
    expect(commandNames.size).toBe(93);
    expect(commandNames.get(105)).toBe('GET_ROUTEINTO_BY_TOPIC');
  });

  it('gives each server what 4.6.0 gives it', () => {
    expect(codesOf('namesrv')).toEqual([
      100, 101, 102, 103, 104, 105, 106, 205, 206, 216, 219, 224, 304, 311, 312, 313, 318, 319, 322,
    ]);
    expect(codesOf('client')).toEqual([39, 40, 220, 221, 307, 309, 326]);
    expect(codesOf('broker')).toHaveLength(42 + 16);
    expect(rows.filter(([, row]) => row.servedBy.length === 0).map(([, row]) => row.code)).toEqual([
      13, 22, 23, 27, 209, 210, 211, 212, 213, 214, 302,
    ]);
  });

  it('tells what a broker answers', () => {
    expect(rows.filter(([name]) => isServed(name, 'broker')).map(([, row]) => row.code)).toEqual([
      10, 11, 12, 14, 15, 17, 21, 25, 26, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 41, 42, 43, 45, 46, 50, 51, 52,
      53, 54, 200, 201, 202, 203, 204, 207, 208, 215, 222, 223, 300, 301, 303, 305, 306, 307, 308, 309, 310, 314, 315,
      316, 317, 320, 321, 323, 324, 325,
    ]);
  });

  it('keeps pulls off the VIP port, and nothing else', () => {
    const mainOnly = rows.filter(([, row]) => row.servedBy.includes('broker') && !row.ports.includes('vip'));
    expect(mainOnly.map(([name]) => name)).toEqual(['PULL_MESSAGE']);
  });

  it('has an answer header wherever a response schema has fields', () => {
    for (const [name, row] of rows) {
      if (Object.keys(row.response).length > 0) expect([name, row.responseHeader]).toEqual([name, true]);
    }
  });

  it('names known response codes only, success among them', () => {
    for (const [name, row] of rows) {
      expect([name, row.replies.includes('SUCCESS')]).toEqual([name, true]);
      expect(row.replies.filter((reply) => !(reply in responseCodes))).toEqual([]);
    }
  });
});
