// What a test run found: counted, printed as it comes, and summed up in one last line.

/** Starts a report that prints to `print` (a function of one line). */
export function newReport(print = console.log) {
  let passed = 0;
  const failed = [];
  const skipped = [];
  return {
    /** A line that counts for nothing. */
    say: (text) => print(text),
    pass(name, ms) {
      passed += 1;
      print(line('ok', name, ms));
    },
    /** A failed step with everything it printed. */
    fail(name, output, ms) {
      failed.push(name);
      print(line('FAIL', name, ms));
      print(indent(output));
    },
    /** Nothing is skipped without a reason. */
    skip(name, reason) {
      skipped.push({ name, reason });
      print(line('skip', `${name}: ${reason}`));
    },
    /** Many tests of one program, as the vitest reporter wrote them down. */
    addTests(name, tests, output, ms) {
      passed += tests.passed;
      failed.push(...tests.failed.map((test) => `${name}: ${test}`));
      skipped.push(...tests.skipped.map((test) => ({ name: `${name}: ${test.name}`, reason: test.reason })));
      const counts = `${tests.passed} passed, ${tests.failed.length} failed, ${tests.skipped.length} skipped`;
      print(line(tests.failed.length === 0 ? 'ok' : 'FAIL', `${name}: ${counts}`, ms));
      if (tests.failed.length > 0) print(indent(output));
    },
    /** Prints what failed, what was skipped and why, and the sum; returns the exit code. */
    finish() {
      print('');
      for (const { name, reason } of skipped) print(`skipped: ${name}: ${reason}`);
      for (const name of failed) print(`failed:  ${name}`);
      print(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
      return failed.length === 0 ? 0 : 1;
    },
  };
}

function line(mark, text, ms) {
  const time = ms === undefined ? '' : `  (${(ms / 1000).toFixed(1)} s)`;
  return `${mark.padEnd(4)}  ${text}${time}`;
}

function indent(output) {
  const lines = output.trimEnd().split('\n');
  return lines.map((text) => (text === '' ? '' : `      ${text}`)).join('\n');
}
