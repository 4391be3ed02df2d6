/**
 * Output of a command as lines: addresses to ADDR, integers to N, decimals to F, paths to PATH; blanks to one; no stack
 * frames, no warnings.
 */
export function shapeOf(text: string): string[] {
  return text
    .split('\n')
    .filter(
      (line) => !/^\s+at |^RocketMQLog:WARN|^SLF4J|^\s*\.\.\. \d+ more|\(.*(\.java:\d+|Native Method)\)$/.test(line),
    )
    .map((line) =>
      line
        .replaceAll(/(\/[A-Za-z0-9._-]+){2,}/g, 'PATH')
        .replaceAll(/\d{1,3}(\.\d{1,3}){3}(:\d+)?/g, 'ADDR')
        .replaceAll(/-?\d+\.\d+(E-?\d+)?/g, 'F')
        .replaceAll(/(^|[^A-Za-z_0-9])(?<!CODE: )-?\d+/g, '$1N')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '');
}
