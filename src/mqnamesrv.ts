import { startNamesrv as readCommandLine } from './cli.ts';
import { systemEnvironment } from './config/environment.ts';
import { type RunningNamesrv, startNamesrv } from './roots/namesrv.ts';
import {
  endOnUnknownErrors,
  exitWith,
  returnUnusedMemory,
  serverLog,
  stopOnSignals,
  tellNotices,
  world,
} from './roots/process.ts';
import { startFailure } from './roots/start-failure.ts';
import { nodeFs } from './util/node-fs.ts';

/** `mqnamesrv`: reads the command line, starts the name server, prints Java's line and runs until told to stop. */
async function main(): Promise<void> {
  const environment = systemEnvironment(process.env);
  const started = readCommandLine(process.argv.slice(2), { fs: nodeFs, environment, nowMs: Date.now() });
  if (started.kind === 'exit') return exitWith(started);
  for (const line of started.stdout) process.stdout.write(`${line}\n`);
  const { loaded, settingsFile } = started;
  const { configs, fileProperties, notices } = loaded;
  const openLog = serverLog(environment, 'namesrv');
  returnUnusedMemory();
  endOnUnknownErrors(openLog);
  tellNotices(notices, openLog.log);
  let namesrv: RunningNamesrv;
  try {
    namesrv = await startNamesrv({ ...world(openLog.log), configs, fileProperties, settingsFile });
  } catch (error) {
    openLog.log.error({ error }, 'the name server did not start');
    openLog.close();
    return exitWith(startFailure(error));
  }
  stopOnSignals(namesrv, openLog);
  const text = 'The Name Server boot success. serializeType=JSON';
  openLog.log.info({}, text);
  process.stdout.write(`${text}\n`);
}

await main();
