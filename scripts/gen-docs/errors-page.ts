import { type StartFailureRow, startFailures } from '../../src/roots/start-failure.ts';
import { heading, table } from './markdown.ts';

/** docs/reference/errors.md: what ends a start, with exit code and what to do. */
export function errorsPage(): string {
  const rows = Object.entries<StartFailureRow>(startFailures).map(([code, { exitCode, meaning, hint }]) => [
    `\`${code}\``,
    String(exitCode),
    meaning,
    hint,
  ]);
  return `${heading('Start-up errors', 'src/roots/start-failure.ts')}
A server that cannot start prints one line on standard error, with a code of this list, the cause, and what to do, and
ends with the exit code that Java 4.6.0 has for the same trouble. The log has the same with its stack.

Before that, command line and settings are looked at. What is wrong there is told in Java's own words where Java has
some (exit codes 253, 254, 255), else with file, line and key: \`broker.conf:12: aclEnable=true is not available yet\`.

${table(['Code', 'Exit code', 'What happened', 'What to do'], rows)}`;
}
