// `npm test`: from a clean clone to all suites, with whatever Node from 20 on started it. Arguments go to vitest.
import { ensureCfClients } from './cf-clients.mjs'
import { ensureDebianPackages } from './debian-packages.mjs'
import { ensureInstalled, root, runUnderNode24 } from './installation.mjs'
import { ensureServiceModel } from './service-model.mjs'

try {
  ensureInstalled()
  ensureDebianPackages()
  ensureServiceModel()
  ensureCfClients()
  process.exitCode = await runUnderNode24([`${root}node_modules/vitest/vitest.mjs`, 'run', ...process.argv.slice(2)])
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
