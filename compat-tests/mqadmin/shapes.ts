/**
 * Output of a command with everything replaced that differs from run to run: times to TIME or MS, addresses to ADDR,
 * ids to ID or CLIENT, paths to PATH, decimals to F; blanks to one; no stack frames and thread dumps. Lines are
 * sorted and each stands there once: tables of Java come in the order of hashes.
 */
export function valuesOf(output: string): string[] {
  const [shown = ''] = output.split(/(?<=#Consumer jstack#\n)/);
  const lines = shown.split('\n').filter((line) => !noise.test(line));
  return [...new Set(lines.map(masked).filter((line) => line !== ''))].sort();
}

/** The same without the integers, for figures that depend on time or on the machine. Error codes stay. */
export function shapeOf(output: string): string[] {
  const lines = valuesOf(output).map((line) => line.replaceAll(/(^|[^A-Za-z_0-9])(?<!CODE: ?)-?\d+/g, '$1N'));
  return [...new Set(lines)].sort();
}

const noise = /\(.*(\.java:\d+|Native Method)\)$|^\s+at |^RocketMQLog:WARN|^SLF4J|^\s*\.\.\. \d+ more/;

function masked(line: string): string {
  return line
    .replaceAll(/\w+\$\$Lambda\S*/g, 'LAMBDA')
    .replaceAll(/@[0-9a-f]{5,8}\b/g, '@OBJ')
    .replaceAll(/\d+\/[0-9a-fA-F:.%a-z]*@sweep/g, 'MS/CLIENT@sweep')
    .replaceAll(/[0-9a-fA-F:]*:[0-9a-fA-F:]+%?[a-z0-9]*@sweep/g, 'CLIENT@sweep')
    .replaceAll(/\d{1,3}(\.\d{1,3}){3}@/g, 'CLIENT@')
    .replaceAll(/(\/[A-Za-z0-9._-]+){2,}/g, 'PATH')
    .replaceAll(/\d{4}-\d{2}-\d{2}[ #T][0-9:,.]+/g, 'TIME')
    .replaceAll(/(?<![0-9A-F])([0-9A-F]{56}|[0-9A-F]{32})(?![0-9A-F])/g, 'ID')
    .replaceAll(/\d{1,3}(\.\d{1,3}){3}(:\d+)?/g, 'ADDR')
    .replaceAll(/\b\d{13}\b/g, 'MS')
    .replaceAll(/-?\d+\.\d+(E-?\d+)?/g, 'F')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/Tps :.*/g, 'Tps : F')
    .replaceAll(/remainHowManyDataToFlush :.*/g, 'remainHowManyDataToFlush : SIZE')
    .trim();
}
