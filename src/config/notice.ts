/** Something the operator should know. `warn`: what was written does not happen. */
export interface Notice {
  readonly level: 'info' | 'warn';
  /** Names file, line and key where there are such. */
  readonly text: string;
}

/** Why the server does not start. */
export interface Problem {
  /** 255 = -1, 254 = -2, 253 = -3. */
  readonly exitCode: 255 | 254 | 253;
  /** `stdout`: Java prints this very text there. */
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  /** True when not even `-p` and `-m` work. */
  readonly blocksPrint: boolean;
}
