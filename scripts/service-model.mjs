// AWS's current service models for the ECS journeys: botocore, fetched by pip into node_modules/.cache when no Python here
// has one. Without pip or a registry the checks against the models are skipped, with this sentence.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './installation.mjs'

const PACKAGE = 'botocore==1.43.11'
const HOME = join(root, 'node_modules/.cache/taskport/botocore')
const PATIENCE_MS = 90_000

export function ensureServiceModel() {
  if (existsSync(join(HOME, 'botocore/data'))) return
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-deps',
    '--disable-pip-version-check',
    '--target',
    HOME,
    PACKAGE,
  ]
  const { status } = spawnSync('python3', args, { stdio: 'ignore', timeout: PATIENCE_MS })
  if (status !== 0)
    process.stderr.write(`${PACKAGE} could not be fetched: replies may go unchecked against AWS's model\n`)
}
