import { describe, expect, it } from 'vitest';
import { measureHeaderScan } from './header-scan.ts';

describe('headers of the official clients', () => {
  it('are all taken by the byte scanner', () => {
    const scans = measureHeaderScan(0);
    expect(scans.map(({ client }) => client).sort()).toEqual(['GO', 'JAVA']);
    for (const { client, headers, fellBack, refused } of scans) {
      expect({ client, fellBack, refused }).toEqual({ client, fellBack: 0, refused: 0 });
      expect(headers).toBeGreaterThan(15);
    }
  });
});
