/**
 * Names that no topic or group may be given (CVE-2019-17572), for the test of every handler and that from outside.
 * Each holds the letters `evil` that are looked for afterwards, or is a directory entry that exists everywhere.
 */
export const unsafeNames = [
  '../../evil-up',
  '../evil-next',
  'evil/inside',
  '/evil-absolute',
  '%2e%2e/evil-half-encoded',
  'evil\\backslash',
  'evil\u0000nul',
  'évil-accent',
  '恶evil',
  'evil space',
  'evil@at',
  'evil\nline',
  'evil.dot',
  '..',
  '.',
  '',
  ' ',
  'evil'.repeat(64),
] as const;
