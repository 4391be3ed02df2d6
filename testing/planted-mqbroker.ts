import { fileURLToPath } from 'node:url';
import { startBroker as readCommandLine } from '../src/cli.ts';
import { systemEnvironment } from '../src/config/environment.ts';
import { startBroker } from '../src/roots/broker.ts';
import { endOnUnknownErrors, exitWith, serverLog, stopOnSignals, world } from '../src/roots/process.ts';
import { nodeFs } from '../src/util/node-fs.ts';
import { type AnswerPlant, answerPlants, plantedAnswers } from './planted-answers.ts';
import { type Plant, plantedFs } from './planted-bugs.ts';
import { type FilePlant, filePlants, plantedFilesFs } from './planted-files.ts';
import { tracedFs, tracedNet, traceTo } from './trace-ports.ts';

/** Where this program is, relative to the repository. */
export const plantedRoot = 'testing/planted-mqbroker.ts';

const diskPlants = ['none', 'reply-before-write', 'reply-before-fdatasync', 'offsets-not-saved'] as const;
/** The broker registers at one name server of several. */
const namesrvPlants = ['first-name-server-only'] as const;
const plants = [...diskPlants, ...namesrvPlants, ...filePlants, ...answerPlants];

/**
 * `mqbroker` whose disk lies as WENCHANG_PLANT says and which writes what it does to disk and sockets to the file
 * WENCHANG_FS_TRACE. The code of the broker is the shipped one: both come in through its ports.
 */
async function main(): Promise<void> {
  const asked = plants.find((name) => name === (process.env['WENCHANG_PLANT'] ?? 'none'));
  if (asked === undefined) throw new Error(`WENCHANG_PLANT must be one of ${plants.join(', ')}`);
  const environment = systemEnvironment(process.env);
  const started = readCommandLine(process.argv.slice(2), { fs: nodeFs, environment, nowMs: Date.now() });
  if (started.kind === 'exit') return exitWith(started);
  const openLog = serverLog(environment, 'broker');
  endOnUnknownErrors(openLog);
  const real = world(openLog.log);
  const { configs, fileProperties } = started.loaded;
  const registersOnce = asked === 'first-name-server-only';
  if (registersOnce) configs.brokerConfig.namesrvAddr = configs.brokerConfig.namesrvAddr?.split(';')[0];
  const plant = registersOnce ? 'none' : asked;
  const ports = isAnswerPlant(plant)
    ? plantedAnswers(real, plant)
    : isFilePlant(plant)
      ? { fs: plantedFilesFs(real.fs, plant, configs.messageStoreConfig.maxHashSlotNum) }
      : lyingPorts(plant, real);
  const broker = await startBroker({ ...real, ...ports, configs, fileProperties });
  stopOnSignals(broker, openLog);
  process.stdout.write(`The broker[${configs.brokerConfig.brokerName}, ${broker.address}] boot success, ${asked}\n`);
}

function isAnswerPlant(plant: Plant | FilePlant | AnswerPlant): plant is AnswerPlant {
  return answerPlants.some((name) => name === plant);
}

function isFilePlant(plant: Plant | FilePlant): plant is FilePlant {
  return filePlants.some((name) => name === plant);
}

/** The trace sees what really happens to the disk, below the lies. */
function lyingPorts(plant: Plant, real: ReturnType<typeof world>): Pick<typeof real, 'fs' | 'net'> {
  const file = process.env['WENCHANG_FS_TRACE'];
  if (file === undefined) return { fs: plantedFs(real.fs, plant), net: real.net };
  const trace = traceTo(file);
  return { fs: plantedFs(tracedFs(real.fs, trace), plant), net: tracedNet(real.net, trace) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
