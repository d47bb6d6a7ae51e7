import { afterAll, beforeAll, describe } from 'vitest'
import { importTestImage } from '../../src/executors/docker/fixtures/test-image.ts'
import { canRunDocker, DockerEngine } from './docker-engine.ts'

/**
 * Runs a journey's own tests again, on an engine of their own: servers find it as the Docker CLI would (DOCKER_HOST),
 * and `images` are all the one of the tests, busybox. Tests that `without` names are about programs of the machine.
 */
export function withDocker(name: string, images: readonly string[], journey: () => Promise<unknown>): void {
  describe.skipIf(!canRunDocker())(`${name}, with images (needs root and the package docker.io)`, async () => {
    let engine: DockerEngine
    const before = process.env.DOCKER_HOST
    beforeAll(async () => {
      // As process 1 a program ignores signals that it does not handle: an init takes that place.
      engine = await DockerEngine.open('--init')
      for (const image of images) await importTestImage(engine.address, image)
      process.env.DOCKER_HOST = engine.address
    }, 120_000)
    afterAll(async () => {
      if (before === undefined) delete process.env.DOCKER_HOST
      else process.env.DOCKER_HOST = before
      await engine.stop()
    }, 60_000)
    await journey()
  })
}
