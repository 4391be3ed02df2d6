// The layers of ARCHITECTURE.md as rules. A folder imports only what its row lists; neighbours on one level do not know
// each other; only a root sees both. Type-only imports count.

/** Programs, and the parts that several of them share. */
const ROOTS = '^src/[^/]+\\.ts$|^src/roots/';
const TESTS = '\\.test(-d)?\\.ts$';

/** What each folder of src may import of ours. `sees` is for the message: what the folder must never know. */
const LAYERS = {
  util: { may: [], never: 'any RocketMQ word' },
  codec: { may: ['util'], never: 'files, sockets, time, settings' },
  config: { may: ['util'], never: 'who uses a setting' },
  remoting: { may: ['codec', 'config', 'util'], never: 'messages, topics, the store' },
  store: { may: ['codec', 'config', 'util'], never: 'sockets, request codes, response codes' },
  ha: { may: ['store', 'codec', 'config', 'util'], never: 'remoting commands, topics' },
  broker: { may: ['store', 'remoting', 'codec', 'config', 'util'], never: 'request codes it does not send itself' },
  client: { may: ['remoting', 'codec', 'config', 'util'], never: 'store, broker, processors' },
  processors: {
    may: ['broker', 'store', 'remoting', 'codec', 'config', 'util'],
    never: 'sockets, file system, timers',
  },
  namesrv: { may: ['remoting', 'codec', 'config', 'util'], never: 'store, broker, processors' },
  tools: { may: ['store', 'codec', 'config', 'util'], never: 'sockets, broker, processors' },
  mqadmin: { may: ['client', 'codec', 'config', 'util'], never: 'store, broker, processors, namesrv' },
};

/** Tests keep the layers of their folder too; what they need besides lies in testing/. */
const layerRules = Object.entries(LAYERS).map(([folder, { may, never }]) => ({
  name: `layer-${folder}`,
  comment: `${folder} may import ${may.join(', ') || 'nothing of ours'}; it must never know ${never}.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: [folder, ...may].map((name) => `^src/${name}/`) },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'only-listed-folders',
      comment: 'A new folder of src gets a row in the table of layers first.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/[^/]+/', pathNot: `^src/(roots|${Object.keys(LAYERS).join('|')})/` },
    },
    {
      name: 'roots-stand-on-top',
      comment: 'Only roots (and tests of whole programs) import roots.',
      severity: 'error',
      from: { path: '^src/', pathNot: ROOTS },
      to: { path: ROOTS },
    },
    {
      name: 'no-test-code-in-src',
      comment: 'Nothing that is shipped imports tests, test tools, benches or peers.',
      severity: 'error',
      from: { path: '^src/', pathNot: TESTS },
      to: { path: ['^(testing|compat-tests|bench|fuzz|scripts)/', TESTS] },
    },
    {
      name: 'files-only-through-the-port',
      comment: 'node:fs only in util/node-fs.ts and the roots: everything else takes the Fs port (util/fs.ts).',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/util/node-fs\\.ts$', ROOTS, TESTS] },
      to: { dependencyTypes: ['core'], path: '^(node:)?fs(/promises)?$' },
    },
    {
      name: 'sockets-only-through-the-port',
      comment: 'node:net and node:tls only in util/node-net.ts and the roots: everything else takes the Net port.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/util/node-net\\.ts$', ROOTS, TESTS] },
      to: { dependencyTypes: ['core'], path: '^(node:)?(net|tls|dgram|http|https|http2)$' },
    },
    {
      name: 'codec-is-pure',
      comment: 'codec has no I/O, no clock, no randomness: of Node only node:buffer and node:zlib.',
      severity: 'error',
      from: { path: '^src/codec/', pathNot: TESTS },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(buffer|zlib)$' },
    },
    {
      name: 'no-circular',
      comment: 'No cycles, type-only imports included.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-to-unresolvable',
      comment: 'Every import leads somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-packages-in-src',
      comment: 'What is shipped imports only packages listed under dependencies.',
      severity: 'error',
      from: { path: '^src/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|build|data|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
      conditionNames: ['import', 'node', 'types'],
    },
    reporterOptions: { text: { highlightFocused: false } },
  },
};
