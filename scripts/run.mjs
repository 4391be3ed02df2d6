#!/usr/bin/env node
// The one entry point of every npm script, CI and the launchers in bin/. Plain JavaScript without packages, so that
// any Node from 20 on can run it in a fresh clone; everything else then runs with the pinned Node.
const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  console.error(`Wenchang's scripts need Node 20 or newer; this is ${process.version} (${process.execPath}).`);
  process.exit(1);
}
const { main } = await import('./run/commands.mjs');
process.exitCode = await main(process.argv.slice(2));
