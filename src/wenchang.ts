import { resolve } from 'node:path';
import yargs from 'yargs';
import { systemEnvironment } from './config/environment.ts';
import { startAllInOne } from './roots/all-in-one.ts';
import {
  endOnUnknownErrors,
  exitWith,
  returnUnusedMemory,
  stopOnSignals,
  tellNotices,
  world,
} from './roots/process.ts';
import { startFailure } from './roots/start-failure.ts';
import { runStoreCommand } from './tools/store-command.ts';
import { systemClock } from './util/clock.ts';
import { nodeFs } from './util/node-fs.ts';
import { createLogger } from './util/pino-logger.ts';

const DEFAULT_PORT = 10_911;
const DEFAULT_NAMESRV_PORT = 9876;

/** `wenchang`: a server, or with the word `store` a tool for store directories. */
async function main(): Promise<void> {
  const [command, ...words] = process.argv.slice(2);
  if (command === 'store') process.exitCode = await storeTools(words);
  else await serve();
}

/** `wenchang store …`. Output to a pipe or a file is written at once, so that none of it waits in memory. */
async function storeTools(words: readonly string[]): Promise<number> {
  // A reader such as head may have gone; what it did not want is no failure.
  process.stdout.on('error', () => process.exit(0));
  return await runStoreCommand(words, {
    fs: nodeFs,
    clock: systemClock,
    environment: systemEnvironment(process.env),
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
  });
}

/** `npm start`: name server and broker in one process, on the loopback address, data in one directory. */
async function serve(): Promise<void> {
  const options = await yargs(process.argv.slice(2))
    .scriptName('wenchang')
    .usage('$0 [--data DIR] [--port N] [--namesrv-port N]\n$0 store dump|verify|repair|compare DIR …')
    .option('data', { type: 'string', default: 'data', describe: 'directory for everything that is kept' })
    .option('port', { type: 'number', default: DEFAULT_PORT, describe: 'listen port of the broker; 0: a free block' })
    .option('namesrv-port', {
      type: 'number',
      default: DEFAULT_NAMESRV_PORT,
      describe: 'of the name server; 0: a free one',
    })
    .check((given) => isPort(given.port) && isPort(given['namesrv-port']))
    .strict()
    .version(false)
    .parse();
  const dataDir = resolve(options.data);
  const openLog = createLogger({
    destination: { path: `${dataDir}/logs/wenchang.log`, fs: nodeFs },
    level: 'info',
    name: 'wenchang',
  });
  returnUnusedMemory();
  endOnUnknownErrors(openLog);
  try {
    const running = await startAllInOne({
      ...world(openLog.log),
      environment: systemEnvironment(process.env),
      dataDir,
      port: options.port,
      namesrvPort: options['namesrv-port'],
    });
    tellNotices(running.notices, openLog.log);
    stopOnSignals(running, openLog);
    for (const line of running.welcome) process.stdout.write(`${line}\n`);
  } catch (error) {
    openLog.log.error({ error }, 'the start failed');
    openLog.close();
    exitWith(startFailure(error));
  }
}

function isPort(value: number): boolean {
  if (Number.isInteger(value) && value >= 0 && value <= 65_533 && (value === 0 || value > 2)) return true;
  throw new Error(`${value} is no port: 0, or 3 to 65533`);
}

await main();
