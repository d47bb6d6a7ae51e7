import { afterAll, beforeAll, describe } from 'vitest'
import { canRunPodman, PodmanEngine } from '../../../test/support/podman-engine.ts'
import { executorConformance } from '../conformance.ts'
import { DockerHarness } from './fixtures/docker-harness.ts'
import { importTestImage } from './fixtures/test-image.ts'

/** Podman's own defaults are above what some hosts allow, and then nothing starts. */
const LIMITS = [
  { name: 'nofile', soft: 1024, hard: 4096 },
  { name: 'nproc', soft: 1024, hard: 1024 },
]

/** Podman takes a minute or two for what Docker does in seconds: in CI, and by a command of its own. */
const wanted = process.env.TASKPORT_TEST_PODMAN === '1' || process.env.CI === 'true'

describe.skipIf(!wanted || !canRunPodman())(
  'with Podman (npm run test:podman, and in CI; needs root and the packages podman and runc)',
  { timeout: 120_000 },
  () => {
    let engine: PodmanEngine
    beforeAll(async () => {
      engine = await PodmanEngine.open()
      await importTestImage(engine.address)
    }, 120_000)
    afterAll(() => engine.stop(), 60_000)

    executorConformance('the docker executor', () =>
      DockerHarness.open({ engine: engine.address }, { ulimits: LIMITS }, 12),
    )
  },
)
