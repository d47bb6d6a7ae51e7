// `npm run demo`: from a clean clone to real tasks on the screen, with whatever Node from 20 on started it.
import { ensureInstalled, root, runUnderNode24 } from './installation.mjs'

try {
  ensureInstalled()
  process.exitCode = await runUnderNode24([`${root}scripts/demo/main.mjs`])
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
