import type { Environment } from './environment.ts';
import { printValue, storedValue } from './key.ts';

/**
 * Settings whose feature is not there yet. Starting without it would be worse than not starting: the operator would
 * believe in it. A later change that brings the feature removes the row.
 */
export const notYetRows: readonly NotYetRow[] = [
  { key: 'aclEnable', refused: 'true', feature: 'access control lists' },
  { key: 'tls.server.mode', refused: 'enforcing', feature: 'encrypted connections' },
  { key: 'useTLS', refused: 'true', feature: 'encrypted connections' },
  { key: 'brokerRole', refused: 'SLAVE', feature: 'running as a slave' },
  { key: 'enableDLegerCommitLog', refused: 'true', feature: 'the DLedger log' },
  { key: 'messageStorePlugIn', refused: 'any', feature: 'plug-ins of the store' },
  { key: 'duplicationEnable', refused: 'true', feature: 'dispatch of confirmed messages only' },
];

export interface NotYetRow {
  /** A key, or the name of a Java system property. */
  readonly key: string;
  /** The value that asks for the feature; `any` is every value but the empty one. */
  readonly refused: string;
  readonly feature: string;
}

/** True when this value of the key asks for a feature that is not there yet. */
export function isNotYet(key: string, value: string): boolean {
  return notYetRows.some((row) => row.key === key && asksFor(row, value));
}

/** A refusal without the place it was asked at: `aclEnable=true is not available yet (access control lists)`. */
export interface NotYet {
  readonly key: string;
  readonly text: string;
}

/**
 * What the settings in force ask for and this version does not have. `extra` are keys outside the tables: a system
 * property, which some put into the file, where Java does not look, so that they believe in it as well.
 */
export function findNotYet(
  configs: readonly object[],
  environment: Environment,
  extra: ReadonlyMap<string, string>,
): NotYet[] {
  const found: NotYet[] = [];
  for (const row of notYetRows) {
    const config = configs.find((candidate) => row.key in candidate);
    const value =
      config !== undefined
        ? printValue(storedValue(config, row.key))
        : ((row.key.includes('.') ? extra.get(row.key) : undefined) ?? environment.systemProperties[row.key] ?? '');
    if (!asksFor(row, value)) continue;
    found.push({ key: row.key, text: `${row.key}=${value} is not available yet (${row.feature})` });
  }
  return found;
}

function asksFor(row: NotYetRow, value: string): boolean {
  const plain = value.trim();
  return row.refused === 'any' ? plain !== '' : plain.toLowerCase() === row.refused.toLowerCase();
}
