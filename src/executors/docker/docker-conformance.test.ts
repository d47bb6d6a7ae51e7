import { afterAll, beforeAll, describe } from 'vitest'
import { canRunDocker, DockerEngine } from '../../../test/support/docker-engine.ts'
import { executorConformance } from '../conformance.ts'
import { DockerHarness } from './fixtures/docker-harness.ts'
import { importTestImage } from './fixtures/test-image.ts'

describe.skipIf(!canRunDocker())('with Docker (needs root and the package docker.io)', { timeout: 120_000 }, () => {
  let engine: DockerEngine
  beforeAll(async () => {
    engine = await DockerEngine.open()
    await importTestImage(engine.address)
  }, 120_000)
  afterAll(() => engine.stop(), 60_000)

  executorConformance('the docker executor', () => DockerHarness.open({ engine: engine.address }))
})
