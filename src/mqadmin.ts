import { AdminClient } from './client/admin-client.ts';
import { MqClient } from './client/mq-client.ts';
import { runAdmin } from './mqadmin/run.ts';
import { RemotingClient } from './remoting/client.ts';
import { LoopTurn } from './remoting/loop-turn.ts';
import { systemClock } from './util/clock.ts';
import { silentLogger } from './util/logger.ts';
import { nodeFs } from './util/node-fs.ts';
import { nodeNet } from './util/node-net.ts';

/** Java: MixAll, timeoutMillis of DefaultMQAdminExt. */
const TIMEOUT_MS = 5000;
/** Neither waiting nor an idle connection keeps Node running. */
const KEEP_ALIVE_MS = 0x7fffffff;

/** `mqadmin`: one command against a cluster, then the exit code. */
async function main(): Promise<void> {
  // A reader such as head may have gone; what it did not want is no failure.
  process.stdout.on('error', () => process.exit(0));
  const remoting = new RemotingClient({
    net: nodeNet,
    clock: systemClock,
    log: silentLogger,
    turn: new LoopTurn(systemClock),
  });
  const running = setInterval(() => {}, KEEP_ALIVE_MS);
  process.exitCode = await runAdmin(process.argv.slice(2), {
    variables: process.env,
    clock: systemClock,
    fs: nodeFs,
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    connect: (namesrvAddr) => new AdminClient(new MqClient({ remoting, namesrvAddr, timeoutMs: TIMEOUT_MS })),
  });
  await remoting.close();
  clearInterval(running);
}

await main();
