import { startBroker as readCommandLine } from './cli.ts';
import { systemEnvironment } from './config/environment.ts';
import { type RunningBroker, startBroker } from './roots/broker.ts';
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

/** `mqbroker`: reads the command line, starts the broker, prints Java's line and runs until it is told to stop. */
async function main(): Promise<void> {
  const environment = systemEnvironment(process.env);
  const started = readCommandLine(process.argv.slice(2), { fs: nodeFs, environment, nowMs: Date.now() });
  if (started.kind === 'exit') return exitWith(started);
  const { loaded, settingsFile } = started;
  const { configs, fileProperties, notices } = loaded;
  const openLog = serverLog(environment, 'broker');
  returnUnusedMemory();
  endOnUnknownErrors(openLog);
  tellNotices(notices, openLog.log);
  let broker: RunningBroker;
  try {
    broker = await startBroker({ ...world(openLog.log), configs, fileProperties, settingsFile });
  } catch (error) {
    openLog.log.error({ error }, 'the broker did not start');
    openLog.close();
    return exitWith(startFailure(error));
  }
  stopOnSignals(broker, openLog);
  const { brokerName, namesrvAddr } = configs.brokerConfig;
  const suffix = namesrvAddr === undefined ? '' : ` and name server is ${namesrvAddr}`;
  const text = `The broker[${brokerName}, ${broker.address}] boot success. serializeType=JSON${suffix}`;
  openLog.log.info({}, text);
  process.stdout.write(`${text}\n`);
}

await main();
