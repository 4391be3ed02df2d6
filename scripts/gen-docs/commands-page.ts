import { type CommandRow, commands } from '../../src/codec/commands.ts';
import type { HeaderSchema } from '../../src/codec/header.ts';
import { responseCodes } from '../../src/codec/response-codes.ts';
import { heading, table } from './markdown.ts';

/** Every row of the command table by number, under its Java name. */
export function commandRows(): (readonly [name: string, row: CommandRow])[] {
  const rows: [string, CommandRow][] = Object.entries(commands);
  return rows.sort(([, a], [, b]) => a.code - b.code);
}

/** docs/protocol/commands.md: each request code with its headers, bodies and answers. */
export function commandsPage(): string {
  const intro = `
Every request code of RocketMQ 4.6.0. A field is required unless it says otherwise; a primitive field that is missing
or cannot be parsed has Java's default. Any request may also be answered with SYSTEM_ERROR or SYSTEM_BUSY.
`;
  return heading('Request codes', 'src/codec/commands.ts') + intro + commandRows().map(commandSection).join('');
}

function commandSection([name, row]: readonly [string, CommandRow]): string {
  const facts = [
    `\n## ${row.code} ${name}\n\n${row.doc}\n\n`,
    `- Served by: ${row.servedBy.join(', ') || 'nobody'}\n`,
    row.servedBy.includes('broker') ? `- Broker ports: ${row.ports.join(', ')}\n` : '',
    `- Java: \`${row.java}\`\n`,
    `- Request body: ${row.requestBody}\n`,
    `- Response body: ${row.responseBody}\n`,
    `- Answers: ${row.replies.join(', ') || 'none'}\n`,
  ];
  return facts.join('') + fieldTable('Request header', row.request) + fieldTable('Response header', row.response);
}

function fieldTable(title: string, schema: HeaderSchema): string {
  const rows = Object.entries(schema).map(([name, field]) => [
    field.wire === undefined ? `\`${name}\`` : `\`${field.wire}\` (${name})`,
    field.kind,
    field.need,
    field.doc,
  ]);
  return rows.length === 0 ? '' : `\n${title}:\n\n${table(['Field', 'Kind', 'Need', 'Meaning'], rows)}`;
}

/** docs/protocol/response-codes.md: number, name, meaning, and who answers it. */
export function responseCodesPage(): string {
  const rows = Object.entries(responseCodes).map(([name, { code, doc }]) => [
    String(code),
    name,
    doc,
    commandRows()
      .filter(([, row]) => row.replies.some((reply) => reply === name))
      .map(([, row]) => row.code)
      .join(' '),
  ]);
  const title = heading('Response codes', 'src/codec/response-codes.ts and src/codec/commands.ts');
  return `${title}\n${table(['Code', 'Name', 'Meaning', 'Answered to'], rows)}`;
}
