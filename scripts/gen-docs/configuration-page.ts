import { addressServerSection, brokerSections, namesrvSections, type Section } from '../../src/config/configs.ts';
import type { KeyRow } from '../../src/config/key.ts';
import { heading, table } from './markdown.ts';

/** docs/reference/configuration.md: every setting with default, bounds, effect and meaning. */
export function configurationPage(): string {
  const sections: readonly Section[] = [...brokerSections, addressServerSection, namesrvSections[0]];
  const intro = `
Keys, kinds and defaults are those of RocketMQ 4.6.0. Effect: **live** settings change at once when they are updated
over the wire, **restart** settings are read at start, **none** settings are accepted and reported but do nothing here,
for the reason given. A broker starts with \`listenPort\` 10911, a name server with 9876.
`;
  return heading('Settings', 'src/config/') + intro + sections.map(sectionText).join('');
}

function sectionText({ name, table: rows }: Section): string {
  const cells = Object.entries(rows).map(([key, row]) => [
    `\`${key}\``,
    kindText(row),
    defaultText(row),
    typeof row.effect === 'string' ? row.effect : 'none',
    meaning(row),
  ]);
  return `\n## ${name}\n\n${table(['Key', 'Kind', 'Default', 'Effect', 'Meaning'], cells)}`;
}

function kindText(row: KeyRow): string {
  const kind = row.kind === 'oneOf' ? (row.choices ?? []).join(', ') : row.kind;
  const bounds = [row.min === undefined ? '' : `≥ ${row.min}`, row.max === undefined ? '' : `≤ ${row.max}`];
  return [row.unit === undefined ? kind : `${kind}, ${row.unit}`, ...bounds].filter((part) => part !== '').join(', ');
}

function defaultText(row: KeyRow): string {
  if (row.defaultText !== undefined) return row.defaultText;
  if (typeof row.default === 'function') return 'from the environment';
  return row.default === undefined || row.default === '' ? '' : `\`${row.default}\``;
}

function meaning(row: KeyRow): string {
  const reason = typeof row.effect === 'string' ? '' : ` No effect: ${row.effect.accepted}.`;
  const others = row.lookalikes?.map((name) => `\`${name}\``).join(', ');
  return `${row.doc}${reason}${others === undefined ? '' : ` Not to be confused with ${others}, which do nothing.`}`;
}
