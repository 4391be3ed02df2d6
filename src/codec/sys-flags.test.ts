import { describe, expect, it } from 'vitest';
import { isQueued, permText, transactionValue, withTransactionValue } from './sys-flags.ts';

describe('sysFlag', () => {
  it('keeps the other bits when the transaction type changes', () => {
    expect(withTransactionValue(0x35, 0x8)).toBe(0x39);
    expect(withTransactionValue(0x3d, 0)).toBe(0x31);
    expect(transactionValue(0x3d)).toBe(0xc);
  });

  it('decides what has a ConsumeQueue entry', () => {
    expect([0x0, 0x4, 0x8, 0xc, 0x33].map(isQueued)).toEqual([true, false, true, false, true]);
  });
});

describe('permText', () => {
  it('shows the three bits', () => {
    expect([0, 1, 2, 4, 6, 7, 8].map(permText)).toEqual(['---', '--X', '-W-', 'R--', 'RW-', 'RWX', '---']);
  });
});
