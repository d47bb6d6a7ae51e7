// Prints "PASSED FAILED" from vitest's JSON report; fails when there is none or it ran no test.
import { readFileSync } from 'node:fs'

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const brokenFiles = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
process.stdout.write(`${report.numPassedTests} ${report.numFailedTests + brokenFiles.length}\n`)
process.exitCode = report.numTotalTests > 0 ? 0 : 1
