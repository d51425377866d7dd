// Names the tests that failed in reports of vitest's JSON reporter, and then prints "<n> passed, <n> failed". Fails if a test failed, or
// a report has none.
const { readFileSync } = require('node:fs');

/** Lines of a failure's message that say what was expected. */
const messageLines = 3;

function count(path) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // No test came to run; the reason stands above.
    return { passed: 0, failed: 0, failures: [] };
  }
  // A file that cannot be loaded fails without any test of it having run.
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const failures = broken.map(({ name, message }) => describe(name, '', message));
  for (const { name, assertionResults } of report.testResults) {
    for (const { status, fullName, failureMessages } of assertionResults)
      if (status === 'failed') failures.push(describe(name, fullName, failureMessages.join('\n')));
  }
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length, failures };
}

function describe(file, test, message) {
  return `FAILED ${file} ${test}\n${message.split('\n').slice(0, messageLines).join('\n')}\n\n`;
}

const counts = process.argv.slice(2).map(count);
const sum = (name) => counts.reduce((total, one) => total + one[name], 0);
process.stdout.write(counts.flatMap(({ failures }) => failures).join(''));
process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`);
process.exit(counts.every(({ passed, failed }) => passed > 0 && failed === 0) ? 0 : 1);
