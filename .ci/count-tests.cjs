// Prints "<n> passed, <n> failed" from a report of vitest's JSON reporter. Fails if a test failed, or none ran.
const { readFileSync } = require('node:fs');

let report;
try {
  report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
} catch {
  // No test came to run; the reason stands above.
  report = { numPassedTests: 0, numFailedTests: 0, testResults: [] };
}
// A file that cannot be loaded fails without any test of it having run.
const brokenFiles = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
const passed = report.numPassedTests;
const failed = report.numFailedTests + brokenFiles.length;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(passed > 0 && failed === 0 ? 0 : 1);
