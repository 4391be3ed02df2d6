// The layers of ARCHITECTURE.md as rules. A folder imports only what its row lists; neighbours on one level do not know
// each other; only a root sees both. Type-only imports count.

const ROOTS = '^src/(mqbroker|mqnamesrv|wenchang|store-tools)\\.ts$|^src/mqadmin/';
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
  mqadmin: { may: ['client', 'codec', 'config', 'util'], never: 'store, broker, processors, namesrv' },
};

/** Tests of a folder may use testing/ besides, so the rules are about the code that is shipped. */
const layerRules = Object.entries(LAYERS).map(([folder, { may, never }]) => ({
  name: `layer-${folder}`,
  comment: `${folder} may import ${may.join(', ') || 'nothing of ours'}; it must never know ${never}.`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: TESTS },
  to: { path: '^src/', pathNot: [folder, ...may].map((name) => `^src/${name}/`) },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'tests-keep-the-layers',
      comment:
        'A test imports what its folder may import, and testing/: a lower folder is not tested through a higher.',
      severity: 'error',
      from: { path: '^src/(util|codec|config|store)/.*\\.test(-d)?\\.ts$' },
      to: { path: '^src/(remoting|ha|broker|client|processors|namesrv|mqadmin)/' },
    },
    {
      name: 'only-listed-folders',
      comment: 'A new folder of src gets a row in the table of layers first.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(LAYERS).join('|')})/` },
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
    exclude: { path: '^(node_modules|dist|build|data|coverage)/' },
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
