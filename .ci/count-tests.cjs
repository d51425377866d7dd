// Prints "<n> passed, <n> failed" from reports of vitest's JSON reporter. Fails if a test failed, or a report has none.
const { readFileSync } = require('node:fs');

function count(path) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // No test came to run; the reason stands above.
    return { passed: 0, failed: 0 };
  }
  // A file that cannot be loaded fails without any test of it having run.
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
}

const counts = process.argv.slice(2).map(count);
const sum = (name) => counts.reduce((total, one) => total + one[name], 0);
process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`);
process.exit(counts.every(({ passed, failed }) => passed > 0 && failed === 0) ? 0 : 1);
