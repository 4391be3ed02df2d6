// A vitest reporter that writes down every outcome for scripts/run/test-run.mjs: one JSON file, named by the
// environment variable WENCHANG_REPORT. A file that cannot be loaded, a failing hook of a suite and an error outside
// any test are failures of their own, so that nothing is silently missing.
import { writeFileSync } from 'node:fs';

export default class OutcomeReporter {
  onTestRunEnd(modules, unhandledErrors, reason) {
    const outcome = { passed: 0, failed: [], skipped: [] };
    for (const module of modules) takeModule(module, outcome);
    for (const error of unhandledErrors) outcome.failed.push(`outside any test: ${error.message}`);
    if (reason === 'interrupted') outcome.failed.push('interrupted');
    writeFileSync(process.env.WENCHANG_REPORT, JSON.stringify(outcome));
  }
}

function takeModule(module, outcome) {
  const file = module.relativeModuleId ?? module.moduleId;
  if (module.errors().length > 0) outcome.failed.push(`${file}: ${module.errors()[0].message}`);
  for (const suite of module.children.allSuites()) {
    if (suite.errors().length > 0) outcome.failed.push(`${file} > ${suite.fullName}: ${suite.errors()[0].message}`);
  }
  for (const test of module.children.allTests()) takeTest(file, test, outcome);
}

function takeTest(file, test, outcome) {
  const result = test.result();
  const name = `${file} > ${test.fullName}`;
  if (result.state === 'passed') outcome.passed += 1;
  else if (result.state === 'skipped') outcome.skipped.push({ name, note: result.note ?? skipMode(test) });
  else if (result.state === 'failed') outcome.failed.push(name);
  else outcome.failed.push(`${name}: never ended`);
}

function skipMode(test) {
  return test.options.mode === 'todo' ? 'to do' : undefined;
}
