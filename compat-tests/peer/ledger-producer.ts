import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RawClient } from './raw-client.ts';
import { batchBody, sendFields } from './store-check.ts';

/** One acknowledged message, as the producer wrote it down before it used the answer. */
export interface LedgerEntry {
  readonly queueId: number;
  readonly queueOffset: number;
  readonly msgId: string;
  /** Also its UNIQ_KEY; its body follows from it. */
  readonly key: string;
}

/** Reads a ledger file. */
export function readLedger(file: string): LedgerEntry[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [queueId, queueOffset, msgId = '', key = ''] = line.split(' ');
    return { queueId: Number(queueId), queueOffset: Number(queueOffset), msgId, key };
  });
}

/** The body of the message with that key: 50 to about 2,000 bytes. */
export function bodyOf(key: string): Buffer {
  const number = Number(key.slice(key.lastIndexOf('-') + 1));
  return Buffer.from(`${key} ${'0123456789'.repeat(5 + ((number * 61) % 195))}`);
}

const connections = 2;
const inFlightPerConnection = 16;
const queues = 4;
const batchSize = 5;

/**
 * Program: sends to a broker until the connection breaks, then exits 0. Every acknowledged message is in the ledger
 * file before anything else is done with the answer.
 * usage: ledger-producer.ts BROKER_ADDRESS LEDGER_FILE TOPIC KEY_PREFIX
 */
async function main(address: string, ledgerFile: string, topic: string, prefix: string): Promise<void> {
  const ledger = openSync(ledgerFile, 'a');
  let sent = 0;
  let refused = 0;
  const nextKey = (): string => `${prefix}-${sent++}`;
  const acknowledge = (keys: readonly string[], fields: Readonly<Record<string, string>>): void => {
    const ids = (fields['msgId'] ?? '').split(',');
    const lines = keys.map((key, index) => {
      return `${fields['queueId']} ${Number(fields['queueOffset']) + index} ${ids[index]} ${key}\n`;
    });
    writeSync(ledger, lines.join(''));
  };
  const lane = async (client: RawClient): Promise<void> => {
    for (;;) {
      const isBatch = sent % 10 === 9;
      const keys = Array.from({ length: isBatch ? batchSize : 1 }, nextKey);
      const messages = keys.map((key) => ({ body: bodyOf(key), flag: 0, properties: { UNIQ_KEY: key, WAIT: 'true' } }));
      const [first] = messages;
      if (first === undefined) return;
      const target = { topic, queueId: sent % queues, flag: 0 };
      const header = isBatch
        ? { ...target, properties: { WAIT: 'true' } }
        : { ...target, properties: first.properties };
      const code = isBatch ? 320 : 310;
      const body = isBatch ? batchBody(messages) : first.body;
      const reply = await client.request(code, sendFields(code, header, isBatch), body, 30_000);
      if (reply.code === 0) acknowledge(keys, reply.fields);
      else refused++;
    }
  };
  const clients = await Promise.all(Array.from({ length: connections }, () => RawClient.connect(address)));
  const lanes = clients.flatMap((client) => Array.from({ length: inFlightPerConnection }, () => lane(client)));
  await Promise.allSettled(lanes);
  closeSync(ledger);
  process.stdout.write(`${sent} sent, ${refused} refused\n`);
  for (const client of clients) client.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , address = '', ledgerFile = '', topic = '', prefix = ''] = process.argv;
  await main(address, ledgerFile, topic, prefix);
}
