/** Ordinal from which clients take 220 and 221. Java: MQVersion.Version.V3_0_7_SNAPSHOT. */
export const VERSION_3_0_7_SNAPSHOT = 28;
/** Ordinal from which clients take 307 and 309. Java: MQVersion.Version.V3_1_8_SNAPSHOT. */
export const VERSION_3_1_8_SNAPSHOT = 62;

/**
 * Java's name of a client version that is too old for something, below {@link VERSION_3_1_8_SNAPSHOT}; others are
 * given as their number. Java: MQVersion#getVersionDesc.
 */
export function oldVersionName(version: number): string {
  return OLD_VERSIONS[version] ?? String(version);
}

/** The ordinals 0 to 15 have names of their own; from then on each number has a snapshot before it. */
const FIRST_VERSIONS = [
  'SNAPSHOT',
  'ALPHA1',
  'BETA1',
  'BETA2',
  'BETA3',
  'BETA4',
  'BETA5',
  'BETA6_SNAPSHOT',
  'BETA6',
  'BETA7_SNAPSHOT',
  'BETA7',
  'BETA8_SNAPSHOT',
  'BETA8',
  'BETA9_SNAPSHOT',
  'BETA9',
  'FINAL',
].map((name) => `V3_0_0_${name}`);

const OLD_VERSIONS: readonly string[] = [
  ...FIRST_VERSIONS,
  ...Array.from({ length: 15 }, (_, index) => [`V3_0_${index + 1}_SNAPSHOT`, `V3_0_${index + 1}`]).flat(),
  ...Array.from({ length: 8 }, (_, index) => [`V3_1_${index}_SNAPSHOT`, `V3_1_${index}`]).flat(),
];

/**
 * Java's name of any client version: `V4_6_0` for 333; `HIGHER_VERSION` for what 4.6.0 does not know, the number for a
 * negative one. Java: MQVersion#getVersionDesc.
 */
export function versionName(version: number): string {
  if (version < VERSION_3_1_8_SNAPSHOT) return oldVersionName(version);
  return LATER_VERSIONS[version - VERSION_3_1_8_SNAPSHOT] ?? 'HIGHER_VERSION';
}

/** 3.3 to 3.9 begin with .1, all others with .0; each has ten, the first of these nine. */
function patchesOf(major: number, minor: number): number[] {
  const first = major === 3 && minor >= 3 ? 1 : 0;
  return Array.from({ length: 10 - first }, (_, index) => first + index);
}

const LATER_VERSIONS: readonly string[] = [3, 4, 5]
  .flatMap((major) => Array.from({ length: 10 }, (_, minor) => [major, minor] as const))
  .flatMap(([major, minor]) => patchesOf(major, minor).map((patch) => [major, minor, patch] as const))
  .filter(([major, minor, patch]) => major > 3 || minor > 1 || (minor === 1 && patch >= 8))
  .flatMap(([major, minor, patch]) => [`V${major}_${minor}_${patch}_SNAPSHOT`, `V${major}_${minor}_${patch}`]);
