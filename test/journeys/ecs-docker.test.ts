import { withDocker } from '../support/with-docker.ts'

withDocker('the journeys of ECS tasks', ['busybox:latest'], async () => {
  await import('./ecs-containers.test.ts')
})
